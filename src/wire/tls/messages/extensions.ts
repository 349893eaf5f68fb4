/**
 * Extension blocks, RFC 8446 §4.2.
 *
 * @module
 */
import type { ByteReader } from '../../../encoding/index.js'
import { abort } from '../alerts.js'
import { EXTENSION } from '../constants.js'
import { encodeNumber, encodeVector, messageReader, readVector16 } from './vectors.js'

/** What the ClientHello offers; an answer to anything else was not asked for. */
const OFFERED: readonly number[] = [
  EXTENSION.supportedGroups,
  EXTENSION.signatureAlgorithms,
  EXTENSION.supportedVersions,
  EXTENSION.keyShare
]

/** One extension: `type u16 · data<0..2^16-1>`. */
export function encodeExtension(type: number, ...data: readonly Uint8Array[]): Uint8Array {
  return encodeVectorAfter(type, encodeVector(2, ...data))
}

/**
 * Reads an extension block that answers the ClientHello.
 *
 * @param allowed - Types that may stand in this message.
 * @throws TlsError `illegal_parameter` for a duplicate and for an offered extension in the wrong message,
 *   `unsupported_extension` for one that was not offered, `decode_error`.
 */
export function readExtensions(reader: ByteReader, allowed: readonly number[]): Map<number, Uint8Array> {
  const extensions = readAnyExtensions(reader)
  for (const type of extensions.keys()) {
    if (allowed.includes(type)) continue
    const alert = OFFERED.includes(type) ? 'illegal_parameter' : 'unsupported_extension'
    abort(alert, `extension ${type} does not belong here`)
  }
  return extensions
}

/** Reads an extension block in which unknown types are to be ignored (requests and tickets). */
export function readAnyExtensions(reader: ByteReader): Map<number, Uint8Array> {
  const block = messageReader(readVector16(reader))
  const extensions = new Map<number, Uint8Array>()
  while (block.remaining > 0) {
    const type = block.u16be()
    if (extensions.has(type)) abort('illegal_parameter', `extension ${type} is there twice`)
    extensions.set(type, readVector16(block))
  }
  return extensions
}

function encodeVectorAfter(type: number, vector: Uint8Array): Uint8Array {
  const extension = new Uint8Array(2 + vector.length)
  extension.set(encodeNumber(2, type))
  extension.set(vector, 2)
  return extension
}
