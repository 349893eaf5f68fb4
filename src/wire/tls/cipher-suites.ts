/**
 * The two cipher suites of the profile as a table, and the hashing that depends on them.
 *
 * @module
 */
import { overlap } from './overlap.js'
import { HmacSha256, sha256 } from './sha256.js'

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
  readonly hashLength: number
  /** AES key, bytes. */
  readonly keyLength: number
}

/** A secret of the key schedule: all that HKDF needs of one is HMAC. */
export interface Secret {
  mac(message: Uint8Array): Uint8Array | Promise<Uint8Array>
  /** Forgets the secret, where it is not kept by WebCrypto anyway. */
  erase(): void
}

/** Both suites; the order of the keys is the default order of preference. */
export const CIPHER_SUITES: Readonly<Record<CipherSuiteName, CipherSuite>> = {
  TLS_AES_128_GCM_SHA256: suite('TLS_AES_128_GCM_SHA256', 0x1301, 'SHA-256', 32, 16),
  TLS_AES_256_GCM_SHA384: suite('TLS_AES_256_GCM_SHA384', 0x1302, 'SHA-384', 48, 32)
}

function suite(
  name: CipherSuiteName,
  code: number,
  hash: CipherSuite['hash'],
  hashLength: number,
  keyLength: number
): CipherSuite {
  return { name, code, hash, hashLength, keyLength }
}

/** Longest input that is hashed on this thread, bytes. Beyond it the way to WebCrypto is shorter than the work. */
const MAX_SYNCHRONOUS_BYTES = 1024

/**
 * Views bytes as WebCrypto's parameter type. Memory shared between threads never reaches this layer: streams hand over
 * arrays they own, and WebCrypto refuses shared memory itself.
 */
export function asBuffer(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes as Uint8Array<ArrayBuffer>
}

/** Hash of the suite over `bytes`. */
export async function digest({ hash }: CipherSuite, bytes: Uint8Array): Promise<Uint8Array> {
  if (hash === 'SHA-256' && bytes.length <= MAX_SYNCHRONOUS_BYTES) return sha256(bytes)
  return new Uint8Array(await crypto.subtle.digest(hash, asBuffer(bytes)))
}

/** A secret that WebCrypto does not give back, for what outlives the handshake. Has read `raw` when it returns. */
export function keepSecret({ hash }: CipherSuite, raw: Uint8Array): Secret {
  const key = overlap(crypto.subtle.importKey('raw', asBuffer(raw), { name: 'HMAC', hash }, false, ['sign']))
  return {
    mac: async (message) => new Uint8Array(await crypto.subtle.sign('HMAC', await key, asBuffer(message))),
    erase: () => undefined
  }
}

/** A secret for a moment, of the cheapest kind. Erases `raw`. */
export function createSecret(suite: CipherSuite, raw: Uint8Array): Secret {
  const secret = suite.hash === 'SHA-256' ? new HmacSha256(raw) : keepSecret(suite, raw)
  raw.fill(0)
  return secret
}
