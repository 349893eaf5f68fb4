/**
 * Keeps everything that the server sees: every request with its headers and body, what it hands on to the network, and
 * every byte of the answers. So that anybody can look for a word of the conversation in it.
 *
 * @module
 */
export function createRecorder() {
  const seen = []
  const decoder = new TextDecoder()
  /** Lets a body pass and keeps a copy of it. */
  const tap = (label, body) =>
    body?.pipeThrough(
      new TransformStream({
        transform(bytes, controller) {
          seen.push(`${label} ${decoder.decode(bytes)}`)
          controller.enqueue(bytes)
        }
      })
    )
  const tapResponse = (label, response) => {
    seen.push(`${label} ${response.status} ${JSON.stringify([...response.headers])}`)
    return new Response(tap(label, response.body), response)
  }
  return {
    text: () => seen.join('\n'),
    /** Around the server's handler. */
    handler: (handle) => async (request) => {
      const { pathname, search } = new URL(request.url)
      // The page itself is no secret, and long.
      if (!/^\/(gateway|api)\//.test(pathname)) return handle(request)
      seen.push(`received ${request.method} ${pathname}${search} ${JSON.stringify([...request.headers])}`)
      const body = tap('received', request.body)
      // Only requests with a body have one to put back.
      // oxlint-disable-next-line unicorn/no-invalid-fetch-options
      const copy = body === undefined ? request : new Request(request, { body, duplex: 'half' })
      return tapResponse('sent', await handle(copy))
    },
    /** Around the client's fetch: what the gateway forwards. */
    fetch: (forward) => async (input, init) => {
      seen.push(`forwarded ${String(input)} ${typeof init?.body === 'string' ? init.body : ''}`)
      return forward(input, init)
    }
  }
}
