/**
 * Extension blocks, RFC 8446 §4.2.
 *
 * @module
 */
import { concatBytes, type ByteReader } from '../../../encoding/index.js'
import { abort } from '../alerts.js'
import * as EXTENSION from '../code-points/extension-types.js'
import { encodeU16, encodeVector, readItems, readVector16 } from './vectors.js'

/** Extensions of one message by type. */
export type Extensions = ReadonlyMap<number, Uint8Array>

/** What the ClientHello offers; an answer to anything else was not asked for. */
const OFFERED: readonly number[] = [
  EXTENSION.supportedGroups,
  EXTENSION.signatureAlgorithms,
  EXTENSION.supportedVersions,
  EXTENSION.keyShare
]

/** One extension: `type u16 · data<0..2^16-1>`. */
export function encodeExtension(type: number, ...data: readonly Uint8Array[]): Uint8Array {
  return concatBytes(encodeU16(type), encodeVector(2, ...data))
}

/**
 * Checks extensions that answer the ClientHello.
 *
 * @param allowed - Types that may stand in this message.
 * @throws TlsError `illegal_parameter` for an offered extension in the wrong message, `unsupported_extension` for one that
 *   was not offered.
 */
export function assertAllowed(extensions: Extensions, ...allowed: readonly number[]): void {
  for (const type of extensions.keys()) {
    if (allowed.includes(type)) continue
    abort(OFFERED.includes(type) ? 'illegal_parameter' : 'unsupported_extension', `extension ${type}`)
  }
}

/** Reads an extension block. @throws TlsError `illegal_parameter` for a duplicate, `decode_error`. */
export function readExtensions(reader: ByteReader): Extensions {
  const extensions = new Map<number, Uint8Array>()
  readItems(readVector16(reader), (block) => {
    const type = block.u16be()
    if (extensions.has(type)) abort('illegal_parameter', `extension ${type} twice`)
    extensions.set(type, readVector16(block))
  })
  return extensions
}
