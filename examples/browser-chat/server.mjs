/**
 * Everything the page needs, on loopback: a devnet, a relay that serves this page only, and Vite, which also answers
 * `network.json` with where both are.
 *
 * @module
 */
import { fileURLToPath } from 'node:url'
import { startDevnet } from 'cocoonkit/devnet'
import { startRelay } from 'cocoonkit/relay'
import { build, createServer, preview } from 'vite'

const root = fileURLToPath(new URL('.', import.meta.url))

/**
 * @param {object} [options]
 * @param {number} [options.port] - Of the page. Default: any free one.
 * @param {string} [options.outDir] - Serve a production build that is written here. Default: Vite's development server.
 * @param {object} [options.devnet] - Options of the devnet.
 */
export async function startBrowserChat({ port = 0, outDir, devnet: devnetOptions } = {}) {
  // As hard as the real network asks for; a pause between tokens, so that there is something to see.
  const devnet = await startDevnet({ difficultyBits: 20, tokenDelayMs: 25, ...devnetOptions })
  const offer = { description: devnet.describe(), model: 'devnet/echo' }
  const shared = { root, plugins: [offerPlugin(offer)], logLevel: 'warn', clearScreen: false }
  let server
  if (outDir === undefined) {
    server = await createServer({ ...shared, server: { host: '127.0.0.1', port } })
    await server.listen()
  } else {
    await build({ ...shared, build: { outDir, emptyOutDir: true } })
    server = await preview({ ...shared, build: { outDir }, preview: { host: '127.0.0.1', port } })
  }
  const url = server.resolvedUrls.local[0]
  // The relay serves this page and no other, to the devnet and nowhere else.
  const relay = await startRelay({ targets: devnet.network.proxies, origins: [new URL(url).origin] })
  offer.relayUrl = relay.url
  return {
    url,
    devnet,
    relay,
    async close() {
      await server.close()
      await relay.close()
      await devnet.close()
    }
  }
}

/** Answers `network.json` in development and in preview. */
function offerPlugin(offer) {
  const serve = ({ middlewares }) => {
    middlewares.use('/network.json', (_request, response) => {
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify(offer))
    })
  }
  return { name: 'offer-network', configureServer: serve, configurePreviewServer: serve }
}
