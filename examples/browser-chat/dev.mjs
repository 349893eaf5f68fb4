/** Starts the page with its own small network; Ctrl-C ends all of it. `--port N` chooses the port. */
import { parseArgs } from 'node:util'
import { startBrowserChat } from './server.mjs'

const { values } = parseArgs({ options: { port: { type: 'string', default: '5173' } } })
const chat = await startBrowserChat({ port: Number(values.port) })
console.log(
  `page   ${chat.url}\nrelay  ${chat.relay.url}\nproxy  ${chat.devnet.network.proxies.join(', ')} (devnet, play money)`
)
process.once('SIGINT', () => void chat.close().then(() => process.exit(0)))
