/**
 * A gateway as a Worker of Cloudflare's form: `export default { fetch }`. One account pays for the users of a Mini App and
 * for tokens that the operator gave out. Connections to proxies are TCP from the Worker itself (`cloudflare:sockets`).
 *
 * Bindings: `BOT_TOKEN`, `ACCOUNT_OWNER`, `ACCOUNT_SECRET`, `PROXIES` (host:port, comma), `IMAGE_HASHES` (comma),
 * `APP_ORIGIN`, the Durable Object `GATEWAY`, and `DEVNET` (a description) instead of proxies, account and image hashes for
 * trying it out.
 */
import { Cocoon } from 'cocoonkit'
import { createAttestationPolicy, fromDevnet, intelPcs } from 'cocoonkit/attestation'
import { createGateway, memoryBudget, telegramInitData } from 'cocoonkit/gateway'

/**
 * A connection of a Worker belongs to the request that opened it. In a Durable Object all requests share theirs, so the
 * gateway lives in one: its connections to proxies, its budget and its limits are those of all callers.
 */
export class Gateway {
  #context
  #handle

  constructor(context, env) {
    this.#context = context
    this.#handle = createHandler(env)
  }

  fetch(request) {
    // The context's `waitUntil` lets the budget be settled after the answer, also when the caller left.
    return this.#handle(request, this.#context)
  }
}

// oxlint-disable-next-line import/no-default-export -- the form of a Worker
export default {
  fetch(request, env) {
    return env.GATEWAY.get(env.GATEWAY.idFromName('gateway')).fetch(request)
  }
}

function createHandler(env) {
  return createGateway({
    cocoon: new Cocoon(env.DEVNET === undefined ? mainNetwork(env) : fromDevnet(env.DEVNET)),
    authorize: telegramInitData({ botToken: env.BOT_TOKEN }),
    // Lives as long as the object is in memory; `ledgerBudget` over its storage outlives that.
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
