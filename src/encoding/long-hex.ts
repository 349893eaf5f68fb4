/**
 * Hexadecimal text of any length: from some length on by the platform's own functions (`Uint8Array.prototype.toHex`,
 * ECMAScript 2026) or, where it has none, by tables that {@link prepareLongHex} loads. Without them a digit at a time.
 *
 * @module
 */
import { bytesToHex as shortBytesToHex, hexToBytes as shortHexToBytes, invalidHex } from './hex.js'
import type * as HexTables from './hex-tables.js'

/** Bytes from which on a table pays; below, most texts are keys and hashes. */
const LONG_BYTES = 256

interface NativeHex {
  toHex?(): string
  setFromHex?(hex: string): { readonly written: number }
}

let tables: typeof HexTables | undefined

/** Makes long texts fast on platforms without functions for them; elsewhere nothing. Worth it where megabytes come. */
export async function prepareLongHex(): Promise<void> {
  if ('toHex' in Uint8Array.prototype || tables !== undefined) return
  // What cannot be loaded is done without.
  tables = await import('./hex-tables.js').catch(() => undefined)
}

/** Lower-case hex, two digits a byte. */
export function bytesToHex(bytes: Uint8Array): string {
  if (bytes.length < LONG_BYTES) return shortBytesToHex(bytes)
  return (bytes as NativeHex).toHex?.() ?? (tables?.tableBytesToHex ?? shortBytesToHex)(bytes)
}

/**
 * Bytes of hex text in either case; no prefix, no spaces.
 *
 * @throws CocoonError `ERR_ENCODING`.
 */
export function hexToBytes(hex: string): Uint8Array<ArrayBuffer> {
  if (hex.length % 2 !== 0) throw invalidHex()
  const bytes = new Uint8Array(hex.length / 2)
  writeHex(hex, bytes)
  return bytes
}

/**
 * Writes the bytes of hex text to the beginning of an array, which is long enough for them.
 *
 * @throws CocoonError `ERR_ENCODING`; what was written until then stays.
 */
export function writeHex(hex: string, target: Uint8Array): void {
  const { setFromHex } = target as NativeHex
  const isLong = hex.length % 2 === 0 && hex.length >= 2 * LONG_BYTES
  if (!isLong || (setFromHex ?? tables) === undefined) return target.set(shortHexToBytes(hex))
  if (setFromHex === undefined) return tables?.tableWriteHex(hex, target)
  try {
    setFromHex.call(target, hex)
  } catch {
    throw invalidHex()
  }
}
