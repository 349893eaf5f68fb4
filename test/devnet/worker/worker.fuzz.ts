import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createBodyFilter } from '../../../src/devnet/worker/body-filter.js'
import { parseForm } from '../../../src/devnet/worker/form.js'
import { dumpJson, parseJson } from '../../../src/devnet/worker/json.js'
import { WorkerRejection } from '../../../src/devnet/worker/rejection.js'
import { rewriteRequest2025 } from '../../../src/devnet/worker/request-2025.js'
import { rewriteRequest2026 } from '../../../src/devnet/worker/request-2026.js'
import { MAINNET_SAMPLE_PRICES } from '../../../src/payments/pricing/index.js'

const numRuns = Number(process.env['FC_NUM_RUNS'] ?? 100)

/** Runs; only refusals of a worker may be thrown. */
function rejectsOnly(action: () => unknown): void {
  try {
    action()
  } catch (error) {
    expect(error).toBeInstanceOf(WorkerRejection)
  }
}

describe('hostile input', () => {
  it('parseJson agrees with JSON.parse', () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string()), (text) => {
        let expected: unknown
        try {
          expected = JSON.parse(text)
        } catch {
          expect(parseJson(text)).toBeUndefined()
          return
        }
        const value = parseJson(text)
        expect(value).toBeDefined()
        expect(JSON.parse(dumpJson(value ?? null))).toEqual(expected)
      }),
      { numRuns }
    )
  })

  it('requests are rewritten or refused', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.json(),
          fc.string(),
          fc.json().map((value) => `{"model":"m","messages":${value}}`)
        ),
        (text) => {
          const bytes = new TextEncoder().encode(text)
          for (const path of ['/v1/chat/completions', '/v1/completions']) {
            rejectsOnly(() => rewriteRequest2025(path, text, 'm'))
            rejectsOnly(() => rewriteRequest2026(path, '', bytes, 'm'))
          }
        }
      ),
      { numRuns }
    )
  })

  it('forms are read or refused', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('--B', '\r\n', '--', 'name="a"', 'Content-Disposition: form-data; ', 'x', '\0')),
        (pieces) => {
          rejectsOnly(() => parseForm('multipart/form-data; boundary=B', new TextEncoder().encode(pieces.join(''))))
        }
      ),
      { numRuns }
    )
  })

  it('filters take any bytes in any chunks', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('dec-2025' as const, 'apr-2026' as const, 'event-by-event' as const),
        fc.array(
          fc.oneof(
            fc.uint8Array({ maxLength: 20 }),
            fc.json().map((text) => new TextEncoder().encode(text))
          )
        ),
        (behaviour, chunks) => {
          const filter = createBodyFilter(behaviour, 1000, MAINNET_SAMPLE_PRICES)
          for (const chunk of chunks) filter.push(chunk)
          filter.end()
          expect(filter.tokensUsed.total).toBeTypeOf('bigint')
        }
      ),
      { numRuns }
    )
  })
})
