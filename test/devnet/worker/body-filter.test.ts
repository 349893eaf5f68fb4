import { describe, expect, it } from 'vitest'
import { createBodyFilter, type WorkerBehaviour } from '../../../src/devnet/worker/body-filter.js'
import { dumpJson, parseJson } from '../../../src/devnet/worker/json.js'
import { UNIT_MULTIPLIERS } from '../../../src/payments/pricing/index.js'

const prices = { pricePerTokenNano: 2n, workerFeePerTokenNano: 1n, multipliers: UNIT_MULTIPLIERS }

/** What comes before the end, what comes at the end, and the tokens. */
function filter(behaviour: WorkerBehaviour, chunks: readonly string[]): [string, string, bigint] {
  const decoder = new TextDecoder('utf-8')
  const body = createBodyFilter(behaviour, 1500, prices)
  const bytes = chunks.map((chunk) => body.push(Buffer.from(chunk, 'latin1')))
  const before = decoder.decode(Buffer.concat(bytes))
  return [before, decoder.decode(body.end()), body.tokensUsed.total]
}

const latin1 = (text: string): string => Buffer.from(text).toString('latin1')
const usage = '{"usage":{"prompt_tokens":4,"completion_tokens":2},"b":1.50,"a":"ü"}'
const priced =
  '{"a":"ü","b":1.5,"usage":{"completion_tokens":2,"completion_total_cost":6,"prompt_tokens":4,"prompt_total_cost":12,"total_cost":18}}'
const SSE = `data: {"z":1,"a":2}\n\ndata: ${usage}\n\ndata: [DONE]\n\n`

describe('createBodyFilter', () => {
  // v3.md §4, row by row.
  it.each<[string, WorkerBehaviour, string, string, string, bigint]>([
    ['JSON', 'dec-2025', usage, `${priced}\n`, '', 9n],
    ['JSON', 'apr-2026', usage, `${priced}\n`, '', 9n],
    ['JSON', 'event-by-event', usage, `${priced}\n`, '', 9n],
    ['NDJSON', 'apr-2026', `{"b":1,"a":2}\n${usage}\n`, `{"a":2,"b":1}\n${priced}\n`, '', 9n],
    ['SSE', 'dec-2025', SSE, '', SSE, 0n],
    ['SSE', 'apr-2026', SSE, '', '', 0n],
    ['SSE', 'event-by-event', SSE, `data: {"a":2,"z":1}\n\ndata: ${priced}\n\ndata: [DONE]\n\n`, '', 9n],
    ['SSE with CRLF', 'event-by-event', SSE.replaceAll('\n', '\r\n'), '', SSE.replaceAll('\n', '\r\n'), 0n],
    ['a leading comment', 'event-by-event', `: hi\n\n${SSE}`, '', '', 0n],
    ['HTML', 'dec-2025', '<html>', '', '<html>', 0n],
    ['HTML', 'apr-2026', '<html>', '', '', 0n],
    ['an array', 'apr-2026', '[1,{"b":1,"a":"]"}]', '[1,{"a":"]","b":1}]\n', '', 0n],
    ['a bare number', 'apr-2026', '12', '', '12\n', 0n]
  ])('%s through %s', (_name, behaviour, body, before, end, total) => {
    expect(filter(behaviour, [latin1(body)])).toEqual([before, end, total])
  })

  it('gives the same for every split', () => {
    for (const behaviour of ['dec-2025', 'apr-2026', 'event-by-event'] as const) {
      for (const body of [SSE, `${usage}\n${usage}`, '<html>{"a":1}']) {
        const bytes = latin1(body)
        const whole = filter(behaviour, [bytes])
        for (let at = 1; at < bytes.length; at++) {
          expect(filter(behaviour, [bytes.slice(0, at), bytes.slice(at)])).toEqual(whole)
        }
        expect(filter(behaviour, Array.from(bytes))).toEqual(whole)
      }
    }
  })

  it('does not count floats, keeps large integers', () => {
    const [before, , total] = filter('apr-2026', ['{"usage":{"prompt_tokens":4.0},"n":12345678901234567890}'])
    expect(before).toBe('{"n":12345678901234567890,"usage":{"prompt_tokens":4.0}}\n')
    expect(total).toBe(0n)
  })
})

describe('json', () => {
  it.each(['{', '[1,]', '{"a":1,}', '01', '1.', '"\u0001"', '"\\x"', 'nul', '1 2', ''])('refuses %j', (text) => {
    expect(parseJson(text)).toBeUndefined()
  })

  it('keeps __proto__ as an ordinary key and the last of duplicates', () => {
    expect(dumpJson(parseJson('{"__proto__":{"x":1},"a":1,"a":2}') ?? null)).toBe('{"__proto__":{"x":1},"a":2}')
  })

  it('takes megabytes of text', () => {
    const text = JSON.stringify({ a: 'ü"\\'.repeat(2_000_000) })
    expect(dumpJson(parseJson(text) ?? null)).toBe(text)
  })

  it('refuses bottomless nesting', () => {
    expect(parseJson('['.repeat(100_000))).toBeUndefined()
    expect(parseJson(`${'['.repeat(400)}${']'.repeat(400)}`)).toBeDefined()
  })
})
