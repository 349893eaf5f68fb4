/**
 * Keys of one message (v3.md §2.5 step 4, §2.6 step 3). A message is one request, or one JSON value of an answer; all its
 * strings share these keys, so they are derived once.
 *
 * @module
 */
import { concatBytes, encodeUtf8 } from '../encoding/index.js'
import { createHmac, type Hmac } from './hmac.js'
import { hash, SHA_256, SHA_512 } from './sha-2.js'

/** `c`: client to worker (requests). `w`: worker to client (answers). */
export type Direction = 'c' | 'w'

/** Keys of the string cipher, ready for use. As secret as what they were made from, and kept no longer than a call. */
export interface MessageKeys {
  /** HMAC-SHA256 over a string's body, of which the message id is a part. */
  readonly identify: (body: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer> | Promise<Uint8Array<ArrayBuffer>>
  /** HMAC-SHA512 over a message id: the AES key and IV of that string. */
  readonly expand: Hmac
}

const LABEL = 'tde2e_encrypt_data'
/** From here on the platform hashes faster than this thread, the way to it and back included. */
const LONG_BYTES = 8192

/**
 * @param shared - X25519 secret, 32 bytes.
 * @param nonceText - `encryption_nonce` as it is transmitted: the text is hashed, not what it decodes to.
 */
export function deriveMessageKeys(shared: Uint8Array, nonceText: string, direction: Direction): MessageKeys {
  const secret = hash(SHA_256, concatBytes(shared, encodeUtf8(nonceText + direction)))
  const keys = createHmac(SHA_512, secret)(encodeUtf8(LABEL))
  const identity = keys.subarray(32)
  const identify = createHmac(SHA_256, identity)
  return {
    expand: createHmac(SHA_512, keys.subarray(0, 32)),
    identify: (body) => (body.length < LONG_BYTES ? identify(body) : identifyLong(identity, body))
  }
}

async function identifyLong(
  identity: Uint8Array<ArrayBuffer>,
  body: Uint8Array<ArrayBuffer>
): Promise<Uint8Array<ArrayBuffer>> {
  const { subtle } = crypto
  const key = await subtle.importKey('raw', identity, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign'])
  return new Uint8Array(await subtle.sign('HMAC', key, body))
}
