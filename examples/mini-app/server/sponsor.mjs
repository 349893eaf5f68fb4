/**
 * The developer's wallet on the devnet: made with play money in it. A deployment takes its own wallet, and a `sign` that asks
 * whatever keeps its key.
 *
 * @module
 */
import { createPrivateKey, createPublicKey } from 'node:crypto'

/** In front of a seed in PKCS #8 (RFC 8410). */
const PKCS8_ED25519 = Buffer.from('302e020100300506032b657004220420', 'hex')

/** @param {object} chain - The devnet's. */
export async function createSponsor(chain) {
  const { wallet, seed, sign } = await chain.createWallet()
  const key = createPrivateKey({ key: Buffer.concat([PKCS8_ED25519, seed]), format: 'der', type: 'pkcs8' })
  const { x } = createPublicKey(key).export({ format: 'jwk' })
  return { wallet, sign, publicKey: new Uint8Array(Buffer.from(x, 'base64url')) }
}
