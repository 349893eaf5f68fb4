/**
 * Small reads out of fixed structures.
 *
 * @module
 */

/** Whether all bytes are zero. */
export function isZero(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0)
}

/** Unsigned 16-bit little-endian; bytes past the end read as zero, callers have checked lengths. */
export function u16le(bytes: Uint8Array, offset: number): number {
  return (bytes[offset] ?? 0) | ((bytes[offset + 1] ?? 0) << 8)
}

/** Unsigned 32-bit little-endian; bytes past the end read as zero, callers have checked lengths. */
export function u32le(bytes: Uint8Array, offset: number): number {
  return (u16le(bytes, offset) | (u16le(bytes, offset + 2) << 16)) >>> 0
}

/** Unsigned 64-bit little-endian. */
export function u64le(bytes: Uint8Array, offset = 0): bigint {
  return BigInt(u32le(bytes, offset)) | (BigInt(u32le(bytes, offset + 4)) << 32n)
}

/** Whether `value` equals `expected` in every bit that `mask` has. All three must be of one length. */
export function equalsUnderMask(value: Uint8Array, expected: Uint8Array, mask: Uint8Array): boolean {
  if (value.length !== expected.length || value.length !== mask.length) return false
  return value.every((byte, index) => ((byte ^ (expected[index] ?? 0)) & (mask[index] ?? 0)) === 0)
}
