/**
 * What is not there on a developer's machine: Telegram and a wallet. None of it belongs into a deployment; server/ and src/ do not know of it.
 *
 * @module
 */
import { readFileSync } from 'node:fs'
import { signInitData } from './sign-init-data.mjs'
import { THEMES } from './themes.mjs'

/** Of no bot; real ones come from BotFather. */
export const SIMULATED_BOT_TOKEN = '1234567890:simulated-token-of-no-bot-at-all'

const OFFICIAL_SCRIPT = '<script src="https://telegram.org/js/telegram-web-app.js"></script>'
const SIMULATED_SCRIPTS =
  '<script src="/simulation/telegram-web-app.js"></script><script src="/simulation/wallet.js"></script>'

export function createSimulation({ devnet, botToken }) {
  const routes = {
    /** Telegram opens the page: what it signed stands in the fragment, which no server gets to see. */
    'GET /launch': ({ searchParams }) => {
      const { user = '42', name = 'Ada', theme = 'light', age = '0' } = Object.fromEntries(searchParams)
      const initData = signInitData(botToken, {
        query_id: 'AAHdF6IQAAAAAN0XohDhrOrc',
        user: JSON.stringify({ id: Number(user), first_name: name, language_code: 'en' }),
        auth_date: String(Math.floor(Date.now() / 1000) - Number(age))
      })
      const fragment = new URLSearchParams({
        tgWebAppData: initData,
        tgWebAppVersion: '9.0',
        tgWebAppPlatform: 'simulated',
        tgWebAppThemeParams: JSON.stringify(THEMES[theme] ?? THEMES.light)
      })
      return new Response(null, { status: 302, headers: { location: `/#${fragment}` } })
    },
    'GET /simulation/telegram-web-app.js': () => script('telegram-web-app.js'),
    'GET /simulation/wallet.js': () => script('wallet.js'),
    /** Where the devnet's chain is, and whose evidence to trust. What the root contract says is left to it; no account. */
    'GET /simulation/devnet.json': () => {
      const { network, attestation, ...description } = devnet.describe()
      return Response.json({
        ...description,
        account: { owner: devnet.account.owner },
        network: { isTest: network.isTest, configVersion: 0, proxies: [] },
        attestation: { ...attestation, policy: { ...attestation.policy, imageHashes: [] } }
      })
    },
    'GET /simulation/wallets.json': () => Response.json([]),
    'GET /tonconnect-manifest.json': ({ origin }) =>
      Response.json({ url: origin, name: 'Private assistant', iconUrl: `${origin}/icon.png` }),
    /** The wallet's contract sends its messages; the contracts on the devnet's chain are the real thing. */
    'POST /simulation/chain': async (_url, request) => {
      const { from, messages } = await request.json()
      for (const { address, amount, payload } of messages) {
        const body = Uint8Array.from(Buffer.from(payload, 'base64'))
        await devnet.chain.sendInternal({ from, to: address, valueNano: BigInt(amount), body })
      }
      await devnet.chain.idle()
      return Response.json({})
    }
  }
  return {
    /** @returns {Promise<Response> | undefined} Nothing for what is not simulated. */
    handle(request) {
      const url = new URL(request.url)
      return routes[`${request.method} ${url.pathname}`]?.(url, request)
    },
    changePage: (html) => html.replace(OFFICIAL_SCRIPT, SIMULATED_SCRIPTS)
  }
}

function script(name) {
  const code = readFileSync(new URL(name, import.meta.url), 'utf8')
  return new Response(code, { headers: { 'content-type': 'text/javascript', 'cache-control': 'no-store' } })
}
