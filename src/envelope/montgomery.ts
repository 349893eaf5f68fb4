/**
 * From an Ed25519 public key to the X25519 public key of the same pair: u = (1 + y) / (1 − y) mod 2^255 − 19 (RFC 7748
 * §4.1). BigInt arithmetic does not take constant time; the input is a public key, which every observer of the request
 * sees anyway. Private keys never come here.
 *
 * @module
 */
import { bytesToHex, hexToBytes } from '../encoding/index.js'
import { EnvelopeError } from './envelope-error.js'

const PRIME = 2n ** 255n - 19n

/**
 * @param publicKey - 32 bytes: y little-endian, the sign of x in the top bit (not needed here).
 * @returns 32 bytes, little-endian.
 * @throws EnvelopeError `ERR_ENVELOPE_KEY` for y ≥ 2^255 − 19, and for y = 1, which has no counterpart.
 */
export function toMontgomery(publicKey: Uint8Array): Uint8Array<ArrayBuffer> {
  const reversed = publicKey.toReversed()
  reversed[0] = reversed[0]! & 0x7f
  const y = BigInt(`0x${bytesToHex(reversed)}`)
  if (y >= PRIME || y === 1n) throw new EnvelopeError('ERR_ENVELOPE_KEY', 'the public key is not a point of the curve')
  const u = ((1n + y) * invert((1n - y + PRIME) % PRIME)) % PRIME
  return hexToBytes(u.toString(16).padStart(64, '0')).reverse()
}

/** Inverse by the extended Euclidean algorithm; `value` is not 0. */
function invert(value: bigint): bigint {
  let [a, b, x, y] = [value, PRIME, 1n, 0n]
  while (b !== 0n) {
    const quotient = a / b
    ;[a, b, x, y] = [b, a - quotient * b, y, x - quotient * y]
  }
  return ((x % PRIME) + PRIME) % PRIME
}
