/** Starts the page with its own small network; Ctrl-C ends all of it. */
import { startBrowserChat } from './server.mjs'

const chat = await startBrowserChat({ port: 5173 })
console.log(
  `page   ${chat.url}\nrelay  ${chat.relay.url}\nproxy  ${chat.devnet.network.proxies.join(', ')} (devnet, play money)`
)
process.once('SIGINT', () => void chat.close().then(() => process.exit(0)))
