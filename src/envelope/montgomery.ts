/**
 * Between the two forms of a public key of one pair, Ed25519's y and X25519's u (RFC 7748 §4.1). BigInt arithmetic does
 * not take constant time; what comes here are public keys, which every observer of the request sees anyway.
 *
 * @module
 */
import { bytesToHex, hexToBytes } from '../encoding/index.js'
import { EnvelopeError } from './envelope-error.js'

const PRIME = 2n ** 255n - 19n

/**
 * u = (1 + y) / (1 − y) mod 2^255 − 19.
 *
 * @param publicKey - 32 bytes: y little-endian, the sign of x in the top bit (not needed here).
 * @returns 32 bytes, little-endian.
 * @throws EnvelopeError `ERR_ENVELOPE_KEY` for y ≥ 2^255 − 19, and for y = 1, which has no counterpart.
 */
export function toMontgomery(publicKey: Uint8Array): Uint8Array<ArrayBuffer> {
  const y = toNumber(publicKey)
  if (y >= PRIME || y === 1n) throw new EnvelopeError('ERR_ENVELOPE_KEY', 'the public key is not a point of the curve')
  return divide(1n + y, 1n - y)
}

/** y = (u − 1) / (u + 1), the way back; the sign of x, which u does not know, is 0. `u` is that of a key pair, never −1. */
export function toEdwards(u: Uint8Array): Uint8Array<ArrayBuffer> {
  return divide(toNumber(u) - 1n, toNumber(u) + 1n)
}

function toNumber(bytes: Uint8Array): bigint {
  const reversed = bytes.toReversed()
  reversed[0]! &= 0x7f
  return BigInt(`0x${bytesToHex(reversed)}`)
}

/** Divides by the extended Euclidean algorithm; `divisor` is not a multiple of the prime. */
function divide(value: bigint, divisor: bigint): Uint8Array<ArrayBuffer> {
  let [a, b, x, y] = [divisor, PRIME, 1n, 0n]
  while (b !== 0n) {
    const quotient = a / b
    ;[a, b, x, y] = [b, a - quotient * b, y, x - quotient * y]
  }
  // For a negative divisor the algorithm ends at −1, with the inverse of the opposite.
  const result = (((value * x * a) % PRIME) + PRIME) % PRIME
  return hexToBytes(result.toString(16).padStart(64, '0')).reverse()
}
