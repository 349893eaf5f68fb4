/**
 * The client suite against the devnet's networks, and against a real proxy when the environment names one.
 */
import { test } from 'vitest'
import { type Devnet, type DevnetOptions, fromDevnet, startDevnet } from '../../src/devnet.js'
import { defineClientSuite } from './client-suite.js'
import { interopTarget, MISSING_TARGET } from './target.js'

const NETWORKS: Readonly<Record<string, DevnetOptions>> = {
  'devnet as of April 2026': { version: 'apr-2026', worker: 'apr-2026' },
  'devnet as of December 2025': { version: 'dec-2025', worker: 'dec-2025' },
  'devnet with fixed workers': { worker: 'event-by-event' },
  'devnet without chain': { authorization: 'fake-ton' }
}

for (const [name, options] of Object.entries(NETWORKS)) {
  let devnet: Devnet | undefined
  defineClientSuite(
    name,
    async () => {
      devnet = await startDevnet(options)
      return { options: fromDevnet(devnet), model: undefined }
    },
    async () => devnet?.close()
  )
}

const target = interopTarget(process.env)
if (target === undefined) {
  process.stderr.write(`test/interop: ${MISSING_TARGET}\n`)
  test.skip(MISSING_TARGET, () => undefined)
} else {
  defineClientSuite(
    `real proxy ${target.options.network.proxies.join(', ')}`,
    () => Promise.resolve(target),
    () => Promise.resolve()
  )
}
