/**
 * What the page asks the backend for beside the gateway. Everything goes by the user that Telegram signed for.
 *
 * @module
 */
import { CocoonError } from 'cocoonkit'
import { createTopUp } from './top-up.mjs'

/** @returns {(request: Request) => Promise<Response>} */
export function createApi({ authorize, channels, budget, capNano, relay }) {
  const routes = {
    /** Sign-in: who you are, and a channel of your own. Its secret can spend what lies in the channel, and nothing else. */
    'POST /api/session': async (user) => {
      const own = await channels.of(user.id)
      return {
        user: { name: user.name },
        direct: own && {
          relay: relay(),
          account: { owner: own.account.owner, secretHex: toHex(own.account.secret) },
          capNano: String(await channels.capNano(own))
        },
        gateway: { path: 'gateway' },
        model: 'devnet/echo'
      }
    },
    /** What was paid into your channel so far, from the chain. */
    'GET /api/channel': async (user) => ({ capNano: String(await channels.capNano(await ownOf(user))) }),
    /** What the gateway has spent for you. */
    'GET /api/budget': (user) => ({ capNano: String(capNano), spentNano: String(budget.spentNano(user.id)) }),
    /** A top-up of your channel for your wallet to sign. Nothing is signed or sent here. */
    'POST /api/top-up': async (user, { wallet }) => createTopUp({ channel: (await ownOf(user)).channel, wallet })
  }
  async function ownOf(user) {
    const own = await channels.of(user.id)
    if (own !== undefined) return own
    throw new CocoonError('ERR_REQUEST_INVALID', 'you have no channel', { httpStatus: 409 })
  }
  return async (request) => {
    const url = new URL(request.url)
    const route = routes[`${request.method} ${url.pathname}`]
    if (route === undefined) return Response.json({ error: 'there is no such path' }, { status: 404 })
    try {
      const user = await authorize({ method: request.method, url, headers: request.headers, nowMs: Date.now() })
      const body = request.method === 'POST' ? await readBody(request) : {}
      return Response.json(await route(user, body), { headers: { 'cache-control': 'no-store' } })
    } catch (error) {
      const status = CocoonError.is(error) ? (error.httpStatus ?? 400) : 500
      const message = CocoonError.is(error) ? error.message : 'the server failed'
      return Response.json({ error: message }, { status })
    }
  }
}

function toHex(bytes) {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** Small JSON bodies. */
async function readBody(request) {
  const text = await request.text()
  if (text.length > 4096) throw new CocoonError('ERR_REQUEST_INVALID', 'the body is too long', { httpStatus: 413 })
  try {
    return text === '' ? {} : Object(JSON.parse(text))
  } catch {
    throw new CocoonError('ERR_REQUEST_INVALID', 'the body is not JSON', { httpStatus: 400 })
  }
}
