import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodeTl } from '../../../src/encoding/tl/index.js'
import { CocoonError } from '../../../src/errors.js'
import { settle } from '../../support/fake-clock.js'
import {
  budget,
  httpResponse,
  openBench,
  PEER,
  readText,
  request,
  startSession,
  tokens
} from './support/scripted-proxy.js'

const numRuns = Number(process.env['FC_NUM_RUNS'] ?? 40)

/** Bytes with some of them changed, cut or extended. */
function mutate(
  bytes: Uint8Array,
  edits: readonly (readonly [number, number])[],
  cut: number,
  tail: Uint8Array
): Uint8Array {
  const out = new Uint8Array([...bytes.subarray(0, Math.max(0, bytes.length - cut)), ...tail])
  for (const [at, value] of edits) if (out.length > 0) out[at % out.length] = value
  return out
}

const edits = fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { maxLength: 3 })
const mutation = fc.tuple(fc.nat(3), edits, fc.oneof(fc.constant(0), fc.nat(40)), fc.uint8Array({ maxLength: 8 }))

describe('hostile packets', () => {
  test('fail their request at most; the session stays open', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(mutation, { minLength: 1, maxLength: 8 }), async (mutations) => {
        const { session, proxy, clock } = await openBench()
        const given = budget()
        const sending = session.query(request(), { budget: given, peer: PEER }).then(({ parts }) => readText(parts))
        const outcome = sending.then(
          () => undefined,
          (error: unknown) => error
        )
        const { requestId } = await proxy.runQuery()
        const finalInfo = { tokensUsed: tokens(3n), workerDebug: 'w', proxyDebug: 'p' }
        const valid = [
          encodeTl({ type: 'client.queryAnswerEx', requestId, answer: httpResponse(200) }),
          encodeTl({ type: 'client.queryAnswerPartEx', requestId, answer: Uint8Array.of(1), finalInfo }),
          encodeTl({ type: 'client.queryAnswerErrorEx', requestId, errorCode: 1, error: 'x', finalInfo }),
          encodeTl({
            type: 'client.queryAnswerPart',
            answer: Uint8Array.of(1),
            isCompleted: false,
            requestId,
            requestTokensUsed: tokens(1n)
          })
        ]
        for (const [which, changes, cut, tail] of mutations) {
          await proxy.send({ type: 'tcp.packet', data: mutate(valid[which]!, changes, cut, tail) })
        }
        await settle()
        expect(session.isClosed).toBe(false)
        given.abort(new Error('over'))
        await session.close()
        const error = await outcome
        if (error !== undefined) expect(CocoonError.is(error)).toBe(true)
        expect(clock.pendingTimers).toBe(0)
      }),
      { numRuns }
    )
  })
})

describe('hostile bytes in place of an opening', () => {
  test('end it with a typed error', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 200 }), async (bytes) => {
        const { opening, proxyStream, clientStream, clock } = startSession()
        await proxyStream.write(bytes)
        await proxyStream.close()
        const error = await opening.then(
          () => undefined,
          (reason: unknown) => reason
        )
        expect(CocoonError.is(error)).toBe(true)
        expect(clientStream.isClosed).toBe(true)
        expect(clock.pendingTimers).toBe(0)
      }),
      { numRuns }
    )
  })
})
