/**
 * A handler of the Fetch standard as a listener of `node:http`.
 *
 * @module
 */
import type { IncomingMessage, ServerResponse } from 'node:http'

/** Answers requests, e.g. a gateway. */
export type FetchHandler = (request: Request) => Promise<Response> | Response

/** What `http.createServer` takes. */
export type NodeListener = (message: IncomingMessage, response: ServerResponse) => void

/**
 * Serves a handler with `http.createServer`; also as an Express middleware, if no body parser ran before. A caller that
 * leaves fires the request's signal; a caller that reads slowly slows the handler's body down.
 *
 * @example
 * ```ts
 * createServer(toNodeListener(createGateway(options))).listen(8080)
 * ```
 */
export function toNodeListener(handler: FetchHandler): NodeListener {
  return (message, response) => {
    const leaving = new AbortController()
    response.on('close', () => {
      if (!response.writableFinished) leaving.abort(new DOMException('the caller left', 'AbortError'))
    })
    answer(handler, message, response, leaving.signal).catch(() => {
      // The body broke off. A reset is what tells the caller that the answer is not whole.
      response.destroy()
    })
  }
}

async function answer(
  handler: FetchHandler,
  message: IncomingMessage,
  response: ServerResponse,
  signal: AbortSignal
): Promise<void> {
  const request = toRequest(message, signal)
  if (request === undefined) {
    response.writeHead(400).end()
    return
  }
  const result = await handler(request)
  const headers: [string, string][] = [...result.headers]
  response.writeHead(result.status, headers.flat())
  if (result.body === null || message.method === 'HEAD') {
    await result.body?.cancel()
    response.end()
  } else await copyBody(result.body, response)
  // A body that the handler did not read to its end would hold the connection up.
  if (!message.readableEnded) message.resume()
}

async function copyBody(body: ReadableStream<Uint8Array>, response: ServerResponse): Promise<void> {
  const reader = body.getReader()
  const onClose = (): void => void reader.cancel(new DOMException('the caller left', 'AbortError')).catch(() => {})
  response.on('close', onClose)
  response.flushHeaders()
  for (let step = await reader.read(); !step.done; step = await reader.read()) {
    if (response.destroyed) return
    if (!response.write(step.value)) await drained(response)
  }
  response.off('close', onClose)
  response.end()
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.off('drain', done)
      response.off('close', done)
      resolve()
    }
    response.on('drain', done)
    response.on('close', done)
  })
}

/** `undefined` for what no Request can be made of: a bad host, a forbidden method. */
function toRequest(message: IncomingMessage, signal: AbortSignal): Request | undefined {
  const isEncrypted = 'encrypted' in message.socket && message.socket.encrypted === true
  try {
    const target = message.url?.startsWith('/') === true ? message.url : '/'
    const url = new URL(`${isEncrypted ? 'https' : 'http'}://${message.headers.host ?? 'localhost'}${target}`)
    const headers = new Headers()
    for (let at = 0; at + 1 < message.rawHeaders.length; at += 2)
      headers.append(message.rawHeaders[at] as string, message.rawHeaders[at + 1] as string)
    const method = message.method ?? 'GET'
    if (method === 'GET' || method === 'HEAD') return new Request(url, { method, headers, signal })
    return new Request(url, { method, headers, signal, body: toStream(message), duplex: 'half' } as RequestInit)
  } catch {
    return undefined
  }
}

/** The body, pulled: what the handler does not read stays in the socket. */
function toStream(message: IncomingMessage): ReadableStream<Uint8Array> {
  const chunks = message[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const step = await chunks.next()
        if (step.done === true) controller.close()
        else controller.enqueue(new Uint8Array(step.value))
      },
      cancel() {
        // Not destroyed: the answer still goes out on the same socket.
        message.resume()
      }
    },
    { highWaterMark: 0 }
  )
}
