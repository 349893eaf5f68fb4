/**
 * The backend of the Mini App and everything around it, on loopback: page, sign-in, delegated channels, gateway, relay,
 * devnet. What is simulation and not backend lives in ../simulation.
 *
 * @module
 */
import { createServer } from 'node:http'
import { Cocoon } from 'cocoonkit'
import { fromDevnet, startDevnet } from 'cocoonkit/devnet'
import { createGateway, memoryBudget, telegramInitData } from 'cocoonkit/gateway'
import { startRelay } from 'cocoonkit/relay'
import { openRegistry, testnet } from 'cocoonkit/ton'
import { createSimulation, SIMULATED_BOT_TOKEN } from '../simulation/simulation.mjs'
import { createApi } from './api.mjs'
import { contentSecurityPolicy } from './content-security-policy.mjs'
import { createDelegatedChannels } from './delegated-channels.mjs'
import { toNodeListener } from './node-listener.mjs'
import { buildPage } from './page.mjs'
import { clock } from './platform.mjs'
import { createRecorder } from './recorder.mjs'
import { createSponsor } from './sponsor.mjs'

/** What one user may spend: in a channel of his own, and again through the gateway. Some hundred short answers. */
const CAP_NANO = 1_000_000n

/**
 * @param {object} [options]
 * @param {number} [options.port] - Default: any free one.
 * @param {string} [options.botToken] - Default: that of the simulation.
 * @param {boolean} [options.records] - Keep everything that this server sees, for `dump()`. Default `false`.
 * @param {object} [options.devnet] - Options of the devnet.
 */
export async function startMiniApp({ port = 0, botToken = SIMULATED_BOT_TOKEN, records = false, ...options } = {}) {
  // As hard as the real network asks for; a pause between tokens, so that there is something to see.
  const devnet = await startDevnet({
    difficultyBits: 20,
    tokenDelayMs: 25,
    encryption: true,
    // Contracts as on the real network, but a stake that fits channels this small, and is less than what lies in them.
    chain: { minClientStakeNano: CAP_NANO / 2n },
    ...options.devnet
  })
  const { chain } = devnet
  const network = testnet(chain.rootAddress)
  const recorder = records ? createRecorder() : undefined
  // The gateway pays from the developer's own channel. Its peers, too, are those of the root contract.
  const { account, attestation } = fromDevnet(devnet)
  const cocoon = new Cocoon({ network, chain: chain.reader, account, attestation })
  const channels = await createDelegatedChannels({
    sponsor: await createSponsor(chain),
    chain: chain.source,
    registry: openRegistry({ network, reader: chain.reader, clock }),
    proxy: { owner: chain.proxies[0].owner, publicKey: devnet.proxyPublicKeys[0] },
    capNano: CAP_NANO,
    nextBlock: () => chain.idle()
  })
  const authorize = telegramInitData({ botToken, user: ({ id, first_name: name }) => ({ id: `telegram:${id}`, name }) })
  const budget = memoryBudget({ perUserNano: CAP_NANO, totalNano: 100n * CAP_NANO })
  const gateway = createGateway({
    cocoon: { fetch: recorder?.fetch(cocoon.fetch) ?? cocoon.fetch, attestation: (call) => cocoon.attestation(call) },
    authorize,
    budget,
    pricePerTokenNano: devnet.prices.pricePerTokenNano,
    limits: { maxTokens: 1000, maxConcurrentPerUser: 2 },
    basePath: '/gateway'
  })

  const page = await buildPage()
  const simulation = createSimulation({ devnet, botToken })
  const api = createApi({ authorize, channels, budget, capNano: CAP_NANO, relay: () => relay.url })
  // The page talks to its own server, to the relay, and to a chain that it asks by itself.
  const policy = () => contentSecurityPolicy({ connectTo: [relay.url, chain.url] })
  const handle = async (request) => {
    const { pathname } = new URL(request.url)
    if (pathname.startsWith('/gateway/')) return gateway(request)
    if (pathname.startsWith('/api/')) return api(request)
    return (
      (await simulation.handle(request)) ?? page.serve(request, { change: simulation.changePage, policy: policy() })
    )
  }
  const server = createServer(toNodeListener(recorder?.handler(handle) ?? handle))
  await new Promise((resolve) => server.listen(port, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${server.address().port}/`
  // The relay serves this page and no other, to the network's proxies and nowhere else.
  const relay = await startRelay({ targets: devnet.network.proxies, origins: [new URL(url).origin] })
  return {
    url,
    devnet,
    relay,
    /** Where the simulated Telegram opens the page. */
    launchUrl: (query = {}) => `${url}launch?${new URLSearchParams(query)}`,
    /** Everything that this server received and sent, as text; only with `records`. */
    dump: () => recorder?.text() ?? '',
    async close() {
      gateway.close()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await cocoon.close()
      await relay.close()
      await devnet.close()
    }
  }
}
