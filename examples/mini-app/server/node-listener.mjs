/**
 * Serves a handler of the Fetch standard from Node's own HTTP server.
 *
 * @module
 */
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

/** @param {(request: Request) => Promise<Response>} handle */
export function toNodeListener(handle) {
  return (incoming, outgoing) => {
    serve(handle, incoming, outgoing).catch(() => outgoing.destroy())
  }
}

async function serve(handle, incoming, outgoing) {
  const leaving = new AbortController()
  outgoing.once('close', () => leaving.abort())
  const hasBody = incoming.method !== 'GET' && incoming.method !== 'HEAD'
  const request = new Request(new URL(incoming.url, `http://${incoming.headers.host}`), {
    method: incoming.method,
    headers: Object.entries(incoming.headersDistinct).flatMap(([name, values]) => values.map((value) => [name, value])),
    signal: leaving.signal,
    ...(hasBody && { body: Readable.toWeb(incoming), duplex: 'half' })
  })
  const response = await handle(request)
  outgoing.writeHead(response.status, Object.fromEntries(response.headers))
  if (response.body === null) outgoing.end()
  else await pipeline(Readable.fromWeb(response.body), outgoing)
}
