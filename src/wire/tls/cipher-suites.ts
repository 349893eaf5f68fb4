/**
 * The two cipher suites of the profile as a table, and the few WebCrypto calls that depend on them.
 *
 * @module
 */

/** IANA names of the suites that can be offered. */
export type CipherSuiteName = 'TLS_AES_128_GCM_SHA256' | 'TLS_AES_256_GCM_SHA384'

/** One suite. */
export interface CipherSuite {
  readonly name: CipherSuiteName
  /** Code point, RFC 8446 §B.4. */
  readonly code: number
  /** WebCrypto name of the hash of HKDF and of the transcript. */
  readonly hash: 'SHA-256' | 'SHA-384'
  /** Output of the hash, bytes. */
  readonly hashLength: 32 | 48
  /** AES key, bytes. */
  readonly keyLength: 16 | 32
}

/** Both suites; the order of the keys is the default order of preference. */
export const CIPHER_SUITES: Readonly<Record<CipherSuiteName, CipherSuite>> = {
  TLS_AES_128_GCM_SHA256: {
    name: 'TLS_AES_128_GCM_SHA256',
    code: 0x1301,
    hash: 'SHA-256',
    hashLength: 32,
    keyLength: 16
  },
  TLS_AES_256_GCM_SHA384: {
    name: 'TLS_AES_256_GCM_SHA384',
    code: 0x1302,
    hash: 'SHA-384',
    hashLength: 48,
    keyLength: 32
  }
}

/**
 * Views bytes as WebCrypto's parameter type. Memory shared between threads never reaches this layer: streams hand over
 * arrays they own, and WebCrypto refuses shared memory itself.
 */
export function asBuffer(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes as Uint8Array<ArrayBuffer>
}

/** Hash of the suite over `bytes`. */
export async function digest(suite: CipherSuite, bytes: Uint8Array): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest(suite.hash, asBuffer(bytes)))
}

/** Turns raw bytes into an HMAC key that cannot be read back, and erases the bytes. */
export async function importHmacKey(suite: CipherSuite, raw: Uint8Array): Promise<CryptoKey> {
  try {
    return await crypto.subtle.importKey('raw', asBuffer(raw), { name: 'HMAC', hash: suite.hash }, false, ['sign'])
  } finally {
    raw.fill(0)
  }
}

/** HMAC of the suite's hash. */
export async function hmac(key: CryptoKey, bytes: Uint8Array): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.sign('HMAC', key, asBuffer(bytes)))
}
