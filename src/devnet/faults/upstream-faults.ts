/**
 * Faults of inference servers: HTTP and body shapes that reach the client through an honest worker and proxy.
 *
 * @module
 */
import type { Upstream, UpstreamResponse } from '../upstream/index.js'

/** Makes a faulty upstream; `base` is the one it stands in front of. */
export type UpstreamFault = (argument: number | undefined, base: Upstream) => Upstream

const encoder = new TextEncoder()

async function* chunks(...texts: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield encoder.encode(text)
}

function answer(
  status: number,
  contentType: string,
  body: AsyncIterable<Uint8Array>,
  extra: UpstreamResponse['headers'] = []
): Promise<UpstreamResponse> {
  return Promise.resolve({ status, reason: 'Fault', headers: [['content-type', contentType], ...extra], body })
}

/** Does something to the body of the base's answer. */
function overBody(change: (body: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>): UpstreamFault {
  return (_argument, base) => async (request) => {
    const response = await base(request)
    return { ...response, body: response.body && change(response.body) }
  }
}

async function* breakAfter(body: AsyncIterable<Uint8Array>, count: number): AsyncGenerator<Uint8Array> {
  let passed = 0
  for await (const chunk of body) {
    if (passed++ >= count) throw new Error('devnet fault: upstream broke')
    yield chunk
  }
}

/** Waits for ever; the worker's timers end it. */
function never(): Promise<never> {
  return new Promise(() => undefined)
}

/** By name. */
export const UPSTREAM_FAULTS: ReadonlyMap<string, UpstreamFault> = new Map([
  [
    'upstream-status',
    (status = 500) =>
      () =>
        answer(
          status,
          'application/json',
          chunks('{"error":{"message":"devnet fault","type":"server_error","code":null}}')
        )
  ],
  ['upstream-html', () => () => answer(502, 'text/html', chunks('<html><body>Bad Gateway</body></html>'))],
  [
    'upstream-no-content',
    () => () => Promise.resolve({ status: 204, reason: 'No Content', headers: [], body: undefined })
  ],
  ['upstream-unreachable', () => () => Promise.reject(new Error('connect ECONNREFUSED'))],
  ['upstream-silent', () => never],
  ['upstream-breaks', (count = 2, base) => overBody((body) => breakAfter(body, count))(undefined, base)],
  [
    'upstream-stale-content-length',
    (length = 7, base) =>
      async (request) => {
        const response = await base(request)
        return { ...response, headers: [...response.headers, ['Content-Length', String(length)]] }
      }
  ]
] as Array<[string, UpstreamFault]>)
