import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { redactPrompt } from '../../../src/client/openai/redact.js'
import { CocoonError } from '../../../src/errors.js'
import { CHAT, chunk, surfaceOver } from './fake-transport.js'

const numRuns = Number(process.env['FC_NUM_RUNS'] ?? 150)
const piece = fc.oneof(
  fc.constantFrom(
    'data: ',
    'data:',
    '\n',
    '\n\n',
    '\r',
    '\r\n',
    '{',
    '}',
    '[',
    ']',
    '"',
    '\\',
    ':',
    'event: error\n',
    '[DONE]',
    '{"error":1}',
    '\uFEFF',
    '<html>',
    'null',
    ' '
  ),
  fc.constant(`data: ${chunk('x')}\n\n`),
  fc.string()
)
const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 60 }),
  fc.array(piece, { maxLength: 12 }).map((pieces) => new TextEncoder().encode(pieces.join('')))
)

describe('a hostile stream', () => {
  it('ends in chunks or a typed error, by create and by fetch', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(bytes, { maxLength: 6 }), fc.boolean(), async (parts, complete) => {
        const { surface, clock } = surfaceOver({ parts, final: { complete } }, { limits: { maxEventChars: 500 } })
        const error = await (async () => {
          for await (const each of await surface.chat.completions.create({ ...CHAT, stream: true }))
            expect(typeof each).toBe('object')
        })().catch((reason: unknown) => reason)
        expect(error === undefined || CocoonError.is(error)).toBe(true)
        if (!complete) expect(CocoonError.is(error)).toBe(true)
        expect(clock.pendingTimers).toBe(0)
        const again = surfaceOver({ parts, final: { complete } }, { limits: { maxEventChars: 500 } })
        const response = await again.surface.fetch('/v1/chat/completions', {
          method: 'POST',
          body: JSON.stringify({ ...CHAT, stream: true })
        })
        const text = await response.text().catch((reason: unknown) => reason)
        if (error === undefined) expect(String(text).endsWith('data: [DONE]\n\n')).toBe(true)
        else expect(text).toMatchObject({ code: (error as CocoonError).code })
      }),
      { numRuns }
    )
  })

  it('does not depend on where it is cut', async () => {
    const outcome = async (parts: Uint8Array[]): Promise<string> => {
      const { surface } = surfaceOver({ parts })
      const seen: unknown[] = []
      try {
        for await (const each of await surface.chat.completions.create({ ...CHAT, stream: true })) seen.push(each)
      } catch (error) {
        seen.push((error as CocoonError).code)
      }
      return JSON.stringify(seen)
    }
    await fc.assert(
      fc.asyncProperty(bytes, fc.nat(100), async (whole, at) => {
        expect(await outcome([whole.slice(0, at), whole.slice(at)])).toBe(await outcome([whole]))
      }),
      { numRuns }
    )
  })

  it('as a whole answer is a value or a typed error', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(bytes, { maxLength: 4 }), fc.integer({ min: 100, max: 599 }), async (parts, status) => {
        const { surface } = surfaceOver({ parts, status })
        const error = await surface.chat.completions.create(CHAT).catch((reason: unknown) => reason)
        expect(typeof error === 'object').toBe(true)
        if (error instanceof Error) expect(CocoonError.is(error)).toBe(true)
      }),
      { numRuns }
    )
  })
})

describe('a hostile request', () => {
  it('is sent or refused with a typed error', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.anything({ maxDepth: 4, withBigInt: true, withDate: true, withNullPrototype: true }),
        fc.integer({ min: 0, max: 5 }),
        async (messages, protocolVersion) => {
          const { surface } = surfaceOver({ parts: ['{}'], peer: { protocolVersion } })
          for (const body of [
            messages,
            { model: 'm', messages },
            { model: 'm', messages: [messages] },
            { ...CHAT, stop: messages, response_format: messages }
          ]) {
            const error = await surface.chat.completions.create(body as never).catch((reason: unknown) => reason)
            if (error instanceof Error) expect(CocoonError.is(error)).toBe(true)
          }
        }
      ),
      { numRuns }
    )
  })

  it('is cut out of any text', () => {
    fc.assert(
      fc.property(
        fc.string(),
        fc.string({ minLength: 30, unit: fc.constantFrom('a', 'b', '\\', '\n', 'é', '🜂', '"') }),
        fc.string(),
        (before, prompt, after) => {
          const out = redactPrompt(before + prompt + after, { messages: [{ content: prompt }] })
          if (prompt.replace(/[\s\\]|\\[nrt]/g, '').length >= 16) expect(out).not.toContain(prompt)
        }
      ),
      { numRuns }
    )
  })
})
