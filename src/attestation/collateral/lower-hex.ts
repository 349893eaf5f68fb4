/**
 * Hex in lower case only: one value, one text, so that no character of collateral may change unnoticed.
 *
 * @module
 */
import { hexToBytes } from '../../encoding/index.js'

/** @throws Error or CocoonError for anything else. */
export function lowerHexToBytes(text: string): Uint8Array {
  if (/[A-Z]/.test(text)) throw new Error('hex is not in lower case')
  return hexToBytes(text)
}
