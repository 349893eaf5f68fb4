/**
 * Runs the Mini App on a devnet, with Telegram and a wallet simulated. Prints the address to open; Ctrl-C ends it.
 * `--port N` chooses the port. `--once` signs in as a page would, prints what the server hands out, and ends.
 */
import { parseArgs } from 'node:util'
import { startMiniApp } from './mini-app.mjs'

const { values } = parseArgs({ options: { once: { type: 'boolean', default: false }, port: { type: 'string' } } })
const app = await startMiniApp({ port: Number(values.port ?? (values.once ? 0 : 5174)) })
console.log(`Mini App   ${app.launchUrl()}`)
console.log(`relay      ${app.relay.url} (carries ciphertext)`)
console.log(`gateway    ${app.url}gateway/v1 (for users of this bot only)`)
console.log(`devnet     ${app.devnet.network.proxies.join(', ')} (play money, a text generator in place of a model)`)

if (values.once) {
  const authorization = `tma ${new URLSearchParams(new URL(await redirectOf(app.launchUrl())).hash.slice(1)).get('tgWebAppData')}`
  const session = await fetch(`${app.url}api/session`, { method: 'POST', headers: { authorization } })
  const { user, direct } = await session.json()
  console.log(`session    ${user.name}, a channel of ${direct.capNano} nanoTON`)
  const models = await fetch(`${app.url}gateway/v1/models`, { headers: { authorization } })
  console.log(`models     ${(await models.json()).data.map(({ id }) => id).join(', ')}`)
  console.log(`strangers  ${(await fetch(`${app.url}gateway/v1/models`)).status}`)
  await app.close()
} else {
  process.once('SIGINT', () => void app.close().then(() => process.exit(0)))
}

async function redirectOf(url) {
  const { headers } = await fetch(url, { redirect: 'manual' })
  return new URL(headers.get('location'), url)
}
