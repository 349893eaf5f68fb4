import { describe, expect, it } from 'vitest'

import { CHAT, chunk, surfaceOver } from './fake-transport.js'

/** Milliseconds to read these parts to the end, and the chunks seen. */
async function timeOf(parts: Iterable<string | Uint8Array>): Promise<{ readonly ms: number; readonly chunks: number }> {
  const { surface } = surfaceOver({ parts })
  const startMs = performance.now()
  let chunks = 0
  for await (const each of await surface.chat.completions.create({ ...CHAT, stream: true })) if (each.choices) chunks++
  return { ms: performance.now() - startMs, chunks }
}

describe('big answers', () => {
  it('reads 10^6 parts of one byte', async () => {
    const event = new TextEncoder().encode(`data: ${chunk('é')}\n\n`)
    const bytes = Array.from(event, (byte) => Uint8Array.of(byte))
    const events = Math.ceil(1_000_000 / bytes.length)
    function* parts(): Generator<Uint8Array> {
      for (let index = 0; index < events; index++) yield* bytes
    }
    expect((await timeOf(parts())).chunks).toBe(events)
  })

  it('holds one long event from 10^6 parts', async () => {
    function* parts(): Generator<string> {
      yield 'data: {"choices":[{"delta":{"content":"'
      for (let index = 0; index < 1_000_000; index++) yield 'x'
      yield '"}}]}\n\n'
    }
    expect((await timeOf(parts())).chunks).toBe(1)
  })

  it.each([
    ['line feeds', '\n\n'],
    ['carriage returns', '\r\r'],
    ['mixed line ends', '\r\n\n']
  ])('reads one late blob in linear time: %s', async (_, end) => {
    const blob = (events: number): string =>
      `data: ${chunk('x')}${end}`.repeat(events) + (end === '\n\n' ? 'data: [DONE]\r' : '')
    await timeOf([blob(2000)])
    const small = await timeOf([blob(10_000)])
    const large = await timeOf([blob(80_000)])
    expect(large.chunks).toBe(80_000)
    // Eight times the events; quadratic work would take 64 times as long.
    expect(large.ms / Math.max(small.ms, 5)).toBeLessThan(32)
  })

  it('reads a blob of JSON lines in linear time, and deep nesting', async () => {
    const lines = (events: number): string => `${chunk('x')}\n`.repeat(events)
    await timeOf([lines(2000)])
    const small = await timeOf([lines(10_000)])
    const large = await timeOf([lines(80_000)])
    expect(large.ms / Math.max(small.ms, 5)).toBeLessThan(32)
    const deep = `{"a":${'['.repeat(1_000_000)}${']'.repeat(1_000_000)}}`
    expect((await timeOf([deep])).chunks).toBe(0)
  })
})
