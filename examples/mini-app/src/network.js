/**
 * The network as its root contract describes it: proxies, image hashes, prices, and the keys that texts are encrypted to.
 * The page reads the contract by itself, from an API of the chain, and takes nothing of it from the developer's server.
 */
import { Buffer } from 'buffer/'

/** @ton/core, which reads the contract's cells, was written for Node. */
globalThis.Buffer ??= Buffer

const clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimer(run, delayMs) {
    const timer = setTimeout(() => run(), delayMs)
    return () => clearTimeout(timer)
  }
}

/** @returns Options of a client: `network`, `chain`, `attestation`. */
export async function findNetwork() {
  // In place of constants: a real network's root address does not change. On the main network all of this is
  // `{ network: mainnet, chain: toncenterV3({ clock }), attestation: { collateral: intelPcs(…) } }`, better with a `quorum`
  // of several sources.
  const devnet = await (await fetch('simulation/devnet.json')).json()
  const { devnetMoney, devnetTrust, staticCollateral } = await import('cocoonkit/attestation')
  const { testnet, toncenterV3 } = await import('cocoonkit/ton')
  const { chain } = devnetMoney(devnet)
  return {
    network: testnet(chain.rootAddress),
    chain: toncenterV3({ endpoint: `${chain.url}/api/v3`, requestsPerSecond: 0, clock }),
    // Which images are accepted is the root contract's word; which vendor signs for machines, the devnet's.
    attestation: { collateral: staticCollateral(devnet.attestation.collateral), trust: devnetTrust(devnet) }
  }
}
