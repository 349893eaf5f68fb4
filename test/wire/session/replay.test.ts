import { describe, expect, test } from 'vitest'
import { encodeTl } from '../../../src/encoding/tl/index.js'
import { CocoonError } from '../../../src/errors.js'
import { missingShared, sharedPath } from '../../support/shared.js'
import { loadConversation, queryOf, replay } from './support/replay.js'

const APRIL = [
  'handshake',
  'live-ping',
  'models',
  'nonstream',
  'stream-ndjson',
  'stream-sse',
  'stream-json',
  'completions',
  'e2e-nonstream',
  'e2e-stream-ndjson',
  'error-unknown-model',
  'error-unknown-key'
].map((name) => `2026-04/${name}.client.jsonl`)
const reason = sharedPath('transcripts/README.md') === undefined ? ` (${missingShared('transcripts')})` : ''

describe.skipIf(reason !== '')(`recorded conversations${reason}`, () => {
  test.each([
    ['2025-12/full.jsonl', 4],
    ['2025-12/idle-ping-payment.jsonl', 1]
  ])('%s: every byte we send is the reference client’s', async (name, requests) => {
    const steps = loadConversation([name])
    const { sent, answers, notes, openError } = await replay(steps, { min: 1, max: 2 })
    expect(openError).toBeUndefined()
    expect(sent.map(encodeTl)).toEqual(steps.filter(({ dir }) => dir === 'c2s').map(({ payload }) => payload))
    expect(answers).toHaveLength(requests)
    for (const answer of answers) {
      expect(answer).toMatchObject({ status: 200, final: { complete: true } })
      const charge = notes.find(({ requestId }) => requestId === answer.requestId)
      expect(charge).toMatchObject({ source: 'request', requestTokens: answer.final?.tokensUsed?.total })
    }
    expect(answers[0]?.body).toContain('"content":" tok0 tok1')
  })

  test('2026-04: version 4, encrypted requests, errors', async () => {
    const steps = loadConversation(APRIL)
    const { sent, answers, openError } = await replay(steps, { min: 1, max: 4 })
    expect(openError).toBeUndefined()
    expect(sent.map(queryOf)).toEqual(steps.filter(({ dir }) => dir === 'c2s').map(({ object }) => queryOf(object)))
    const outcomes = answers.map(({ status, error }) => status ?? (error as CocoonError).peerText)
    expect(outcomes).toEqual([
      200,
      200,
      200,
      200,
      200,
      200,
      200,
      'unknown model no/such-model',
      expect.stringContaining('unknown public key')
    ])
    expect(answers.filter(({ final }) => final?.tokensUsed?.total === 0n && final.complete)).toHaveLength(1)
  })

  test.each([1, 7, 4096])('in chunks of %d bytes', async (chunkBytes) => {
    const whole = await replay(loadConversation(['2025-12/full.jsonl']), { min: 1, max: 2 })
    const { answers } = await replay(loadConversation(['2025-12/full.jsonl']), { min: 1, max: 2 }, { chunkBytes })
    expect(answers).toEqual(whole.answers)
  })

  test.each(['end', 'reset'] as const)('cut (%s) at every byte: a typed error, nothing hangs', async (cutStyle) => {
    const steps = loadConversation(['2025-12/full.jsonl']).slice(0, 12)
    const total = steps.filter(({ dir }) => dir === 's2c').reduce((sum, { payload }) => sum + payload.length + 8, 0)
    const codes = new Map<string, number>()
    for (let cutAtByte = 0; cutAtByte < total; cutAtByte++) {
      const { openError, answers, session, clock } = await replay(steps, { min: 1, max: 2 }, { cutAtByte, cutStyle })
      const errors =
        openError === undefined ? answers.flatMap(({ error }) => (error === undefined ? [] : [error])) : [openError]
      for (const error of errors) {
        expect(CocoonError.is(error)).toBe(true)
        const { code } = error as CocoonError
        codes.set(code, (codes.get(code) ?? 0) + 1)
      }
      if (openError === undefined) {
        const cause = await session!.closed
        expect(cause.code).toBe('ERR_CONNECTION_LOST')
      }
      expect(clock.pendingTimers).toBe(0)
    }
    expect([...codes.keys()].toSorted()).toEqual(['ERR_CONNECTION_LOST', 'ERR_TLS_CERTIFICATE_REJECTED'])
  })
})
