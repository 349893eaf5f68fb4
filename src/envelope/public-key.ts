/**
 * Public keys of the scheme as text and bytes. They are Ed25519 keys that are only ever used for X25519 (v3.md §2.1).
 *
 * @module
 */
import { decodeBase64 } from '../encoding/base64.js'
import { bytesToHex, hexToBytes } from '../encoding/hex.js'
import { EnvelopeError } from './envelope-error.js'

/**
 * A public key: 32 bytes, 64 hex digits of either case, or 44 characters of standard base64 with padding. The reference
 * also takes 32 raw characters and, for base64 of 33 bytes, aborts its process: neither form is accepted here, so
 * neither is ever sent.
 */
export type PublicKeyInput = Uint8Array | string

/**
 * Public half, hex, of the key pair that is printed in the reference's source (v3.md §2.1): whoever encrypts to it
 * encrypts to everybody.
 */
export const PUBLISHED_TEST_KEY = 'fb67d0fcd338f20e0d4957d9e82adc101d2e3513a448a3ab46052ee1b88c5818'

/** A public key as its 32 bytes (a copy). @throws EnvelopeError `ERR_ENVELOPE_KEY`. */
export function parsePublicKey(input: PublicKeyInput): Uint8Array<ArrayBuffer> {
  const bytes = readKey(input)
  if (bytes === undefined) {
    throw new EnvelopeError('ERR_ENVELOPE_KEY', 'a public key is 32 bytes, 64 hex digits or 44 characters of base64')
  }
  return bytes
}

/** The key in the spelling of the wire: 64 lower-case hex digits. */
export function formatPublicKey(key: Uint8Array): string {
  return bytesToHex(key)
}

/** Whether a text is a key in a spelling that this library accepts, and which one; `undefined` when it is none. */
export function tryParsePublicKey(text: unknown): Uint8Array<ArrayBuffer> | undefined {
  return typeof text === 'string' ? readKey(text) : undefined
}

function readKey(input: unknown): Uint8Array<ArrayBuffer> | undefined {
  if (input instanceof Uint8Array) return input.length === 32 ? input.slice() : undefined
  if (typeof input !== 'string') return undefined
  try {
    if (input.length === 64) return hexToBytes(input)
    // 44 characters hold 31, 32 or 33 bytes, by their padding.
    const bytes = input.length === 44 ? decodeBase64(input) : undefined
    return bytes?.length === 32 ? bytes : undefined
  } catch {
    return undefined
  }
}
