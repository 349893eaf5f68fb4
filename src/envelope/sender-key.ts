/**
 * The client's side of one request's secrets.
 *
 * @module
 */
import { bytesToHex } from '../encoding/index.js'
import type { Random } from '../runtime/ports/clock.js'
import { webRandom } from '../runtime/shared/index.js'
import { EnvelopeError } from './envelope-error.js'
import { agreeAnew, type Agreement } from './key-agreement.js'
import { formatPublicKey, parsePublicKey, type PublicKeyInput, PUBLISHED_TEST_KEY } from './public-key.js'

/** Reads the secret of a key; there is no other way to it. */
export let sharedSecretOf: (key: SenderKey) => Uint8Array<ArrayBuffer>

/**
 * What decrypts the answer to one request. Made by `encryptRequest`, for that request alone; opaque: neither JSON nor an
 * inspector shows its bytes, and it cannot be stored. The private key itself is already gone: kept is only the secret
 * shared with the network key that the request was encrypted to.
 */
export class SenderKey {
  /** Public half, 64 lower-case hex digits, as in `sender_public_key` of the request. */
  readonly publicKey: string
  /** The network key of the request, 64 lower-case hex digits; only answers from it are accepted. */
  readonly receiverPublicKey: string
  readonly #shared: Uint8Array<ArrayBuffer>

  static {
    sharedSecretOf = (key) => key.#shared
  }

  /** @internal Use `encryptRequest`. */
  constructor(publicKey: string, receiverPublicKey: string, shared: Uint8Array<ArrayBuffer>) {
    this.publicKey = publicKey
    this.receiverPublicKey = receiverPublicKey
    this.#shared = shared
  }

  /** For logs: public halves only. */
  toJSON(): { readonly publicKey: string; readonly receiverPublicKey: string } {
    return { publicKey: this.publicKey, receiverPublicKey: this.receiverPublicKey }
  }
}

/**
 * A fresh key for one request.
 *
 * @param random - Gives the key's seed. Where it is the platform's, the platform makes the key, several times faster.
 * @throws EnvelopeError `ERR_ENVELOPE_KEY` for a receiver that does not parse, has no use, or is the published test key
 * where `isTest` does not allow it.
 */
export async function createSenderKey(receiver: PublicKeyInput, random: Random, isTest: boolean): Promise<SenderKey> {
  const receiverKey = parsePublicKey(receiver)
  const receiverText = formatPublicKey(receiverKey)
  if (receiverText === PUBLISHED_TEST_KEY && !isTest) {
    throw new EnvelopeError(
      'ERR_ENVELOPE_KEY',
      'the key is the published test key, whose private half everybody knows',
      {
        remedy: 'take a key from the root contract'
      }
    )
  }
  const made = random === webRandom ? await agreeAnew(receiverKey) : undefined
  const { publicKey, shared } = made ?? (await agreeBySeed(random.bytes(32), receiverKey))
  return new SenderKey(bytesToHex(publicKey), receiverText, shared)
}

async function agreeBySeed(seed: Uint8Array, receiverKey: Uint8Array): Promise<Agreement> {
  const { agreeFromSeed } = await import('./seeded-agreement.js')
  return agreeFromSeed(seed, receiverKey)
}
