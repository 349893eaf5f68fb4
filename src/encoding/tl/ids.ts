/**
 * Constructor ids: CRC-32 (IEEE, reflected) over the normalised declaration, as protocol/wire.md §6 states.
 *
 * @module
 */
import { DECLARATIONS } from './schema.js'
import type { TlName } from './types.js'

/** CRC-32 of ASCII text, u32. */
export function crc32(text: string): number {
  let crc = -1
  for (let index = 0; index < text.length; index++) {
    crc ^= text.charCodeAt(index)
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (0xedb88320 & -(crc & 1))
  }
  return ~crc >>> 0
}

/** The text that the id is computed over: `vector<x>` as `vector x`, no explicit id. */
export function normaliseDeclaration(declaration: string): string {
  return declaration.replace(/^([\w.]+)#[0-9a-f]+/, '$1').replace(/vector<([\w.]+)>/g, 'vector $1')
}

/** Name of a declaration. */
export function declarationName(declaration: string): TlName {
  return /^[\w.]+/.exec(declaration)![0] as TlName
}

/** Id of a declaration as u32: the stated one, else the CRC-32 of its text. */
export function declarationId(declaration: string): number {
  const stated = /^[\w.]+#([0-9a-f]{8}) /.exec(declaration)
  return stated === null ? crc32(normaliseDeclaration(declaration)) : parseInt(stated[1]!, 16)
}

/** Constructor ids by name, u32 values (on the wire they are little-endian). */
export const TL_IDS: Readonly<Record<TlName, number>> = /* @__PURE__ */ Object.fromEntries(
  /* @__PURE__ */ DECLARATIONS.map((line) => [declarationName(line), declarationId(line)])
) as Record<TlName, number>
