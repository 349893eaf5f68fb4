/**
 * DER: a strict bounded reader, a writer, and the value types that X.509 uses.
 *
 * @module
 */

export { type DerElement, DerReader, readDer } from './der-reader.js'
export { contextTag, DER_TAG } from './der-tags.js'
export {
  decodeDerBitString,
  decodeDerBitStringBytes,
  decodeDerBoolean,
  decodeDerEcdsaSignature,
  decodeDerNumber,
  decodeDerOid,
  decodeDerTime,
  decodeDerUnsigned
} from './der-values.js'
export {
  derBitString,
  derBoolean,
  derOctetString,
  derOid,
  derSequence,
  derSet,
  derText,
  derTime,
  derUnsigned,
  encodeDer
} from './der-writer.js'
