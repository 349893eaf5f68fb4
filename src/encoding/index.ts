/**
 * Pure codecs: bytes, hex, base64, UTF-8, addresses. TL, DER and X.509 have their own index in a folder beside this file.
 *
 * @module
 */
export { formatAddress, formatRawAddress, parseAddress, sameAddress, type TonAddress } from './address.js'
export { decodeBase64, encodeBase64 } from './base64.js'
export { ByteReader } from './byte-reader.js'
export { ByteWriter } from './byte-writer.js'
export { compareBytes, concatBytes, equalBytes } from './bytes.js'
export { bytesToHex, hexToBytes, prepareLongHex, writeHex } from './long-hex.js'
export { spellingsOf } from './spellings.js'
export { decodeUtf8, decodeUtf8Strict, encodeUtf8, Utf8StreamDecoder } from './utf8.js'
