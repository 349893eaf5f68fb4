/**
 * Keys of one message (v3.md §2.5 step 4, §2.6 step 3). A message is one request, or one JSON value of an answer; all its
 * strings share these keys, so they are derived once.
 *
 * @module
 */
import { concatBytes, encodeUtf8 } from '../encoding/index.js'

/** `c`: client to worker (requests). `w`: worker to client (answers). */
export type Direction = 'c' | 'w'

/** Keys of the string cipher, ready for use; they cannot be read back. */
export interface MessageKeys {
  /** HMAC-SHA256 over a string's body: its message id. */
  readonly identify: CryptoKey
  /** HMAC-SHA512 over a message id: the AES key and IV of that string. */
  readonly expand: CryptoKey
}

const LABEL = 'tde2e_encrypt_data'

/**
 * @param shared - X25519 secret, 32 bytes.
 * @param nonceText - `encryption_nonce` as it is transmitted: the text is hashed, not what it decodes to.
 */
export async function deriveMessageKeys(
  shared: Uint8Array,
  nonceText: string,
  direction: Direction
): Promise<MessageKeys> {
  const { subtle } = crypto
  const secret = await subtle.digest('SHA-256', concatBytes(shared, encodeUtf8(nonceText + direction)))
  const root = await importHmac(secret, 'SHA-512')
  const keys = new Uint8Array(await subtle.sign('HMAC', root, encodeUtf8(LABEL)))
  const [expand, identify] = await Promise.all([
    importHmac(keys.subarray(0, 32), 'SHA-512'),
    importHmac(keys.subarray(32), 'SHA-256')
  ])
  return { identify, expand }
}

function importHmac(key: BufferSource, hash: 'SHA-256' | 'SHA-512'): Promise<CryptoKey> {
  return crypto.subtle.importKey('raw', key, { name: 'HMAC', hash }, false, ['sign'])
}
