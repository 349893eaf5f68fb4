/**
 * DER: a strict bounded reader, a writer, and the value types that X.509 uses.
 *
 * @module
 */
export { derError } from './der-error.js'
export { type DerElement, DerReader, MAX_DER_BYTES, readDer } from './der-reader.js'
export { contextPrimitiveTag, contextTag, DER_TAG } from './der-tags.js'
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
