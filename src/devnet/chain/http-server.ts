/**
 * The facade behind HTTP on loopback, and as a `fetch` without a socket.
 *
 * @module
 */
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Lifetime } from '../lifetime.js'
import type { Facade, FacadeRequest } from './facade.js'

/** Largest request body, bytes. */
const MAX_BODY_BYTES = 1_048_576

function requestOf(method: string, url: URL, body: string): FacadeRequest {
  return { method, path: url.pathname, query: url.searchParams, body }
}

async function readBody(message: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of message as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > MAX_BODY_BYTES) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** Serves the facade until the lifetime ends. @returns Base URL without a slash at the end. */
export async function serveFacade(facade: Facade, host: string, port: number, lifetime: Lifetime): Promise<string> {
  const server = createServer((message, response) => {
    void (async () => {
      const url = new URL(message.url ?? '/', 'http://devnet')
      const body = await readBody(message)
      const answer =
        body === undefined
          ? { status: 413, json: { ok: false, error: 'too large', code: 413 } }
          : await facade.answer(requestOf(message.method ?? 'GET', url, body))
      response.writeHead(answer.status, { 'content-type': 'application/json', 'access-control-allow-origin': '*' })
      response.end(JSON.stringify(answer.json))
    })().catch(() => response.destroy())
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  server.unref()
  lifetime.onClose(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address() as AddressInfo
  return `http://${host.includes(':') ? `[${host}]` : host}:${address.port}`
}

/** A `fetch` that asks the facade directly. */
export function facadeFetch(facade: Facade): typeof fetch {
  return async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : String(input))
    const body = typeof init?.body === 'string' ? init.body : ''
    init?.signal?.throwIfAborted()
    const answer = await facade.answer(requestOf(init?.method ?? 'GET', url, body))
    return Response.json(answer.json, { status: answer.status })
  }
}
