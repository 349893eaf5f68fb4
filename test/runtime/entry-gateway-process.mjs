/** Serves the gateway where there is a command line: Node, Bun, Deno. The only argument is the URL of the configuration. */
import { createServerHandler } from './gateway-server.mjs'

const { Bun, Deno, process } = globalThis
const [, , configUrl] = process.argv
const { encrypted } = await (await fetch(configUrl)).json()
const handler = createServerHandler(encrypted, false)
console.log(`gateway-port ${await serve()}`)

/** As each runtime's own documentation says; nothing of ours stands between the platform's server and the handler. */
async function serve() {
  if (Bun !== undefined) return Bun.serve({ port: 0, hostname: '127.0.0.1', idleTimeout: 60, fetch: handler }).port
  if (Deno !== undefined) return Deno.serve({ port: 0, hostname: '127.0.0.1', onListen() {} }, handler).addr.port
  const { createServer } = await import('node:http')
  const { toNodeListener } = await import('cocoonkit/node')
  const server = createServer(toNodeListener(handler))
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  return server.address().port
}
