/**
 * A gateway as a Worker of Cloudflare's form: `export default { fetch }`. One account pays for the users of a Mini App and
 * for tokens that the operator gave out. Connections to proxies are TCP from the Worker itself (`cloudflare:sockets`).
 *
 * Bindings: `BOT_TOKEN`, `ACCOUNT_OWNER`, `ACCOUNT_SECRET`, `PROXIES` (host:port, comma), `IMAGE_HASHES` (comma),
 * `APP_ORIGIN`, and `DEVNET` (a description) instead of proxies, account and image hashes for trying it out.
 */
import { Cocoon } from 'cocoonkit'
import { createAttestationPolicy, fromDevnet, intelPcs } from 'cocoonkit/attestation'
import { createGateway, memoryBudget, telegramInitData } from 'cocoonkit/gateway'

/** @type {{ env: object, handle: (request: Request, context: object) => Promise<Response> } | undefined} */
let running

// oxlint-disable-next-line import/no-default-export -- the form of a Worker
export default {
  fetch(request, env, context) {
    // Bindings come with the first request; the gateway and its connections outlive it.
    if (running?.env !== env) running = { env, handle: createHandler(env) }
    // The context's `waitUntil` lets the budget be settled after the answer, also when the caller left.
    return running.handle(request, context)
  }
}

function createHandler(env) {
  return createGateway({
    cocoon: new Cocoon(env.DEVNET === undefined ? mainNetwork(env) : fromDevnet(env.DEVNET)),
    authorize: telegramInitData({ botToken: env.BOT_TOKEN }),
    // Lives as long as the isolate; a Durable Object behind the same two methods outlives it.
    budget: memoryBudget({ perUserNano: 50_000_000n, totalNano: 5_000_000_000n }),
    pricePerTokenNano: 20n,
    limits: { maxTokens: 2000 },
    cors: { origins: [env.APP_ORIGIN] }
  })
}

function mainNetwork(env) {
  return {
    network: { proxies: env.PROXIES.split(',') },
    account: { owner: env.ACCOUNT_OWNER, secret: env.ACCOUNT_SECRET },
    attestation: createAttestationPolicy({ imageHashes: env.IMAGE_HASHES.split(','), collateral: intelPcs() })
  }
}
