/**
 * TON addresses as text: the friendly form (48 characters: tag, workchain, hash, CRC-16) and the raw one
 * (`workchain:hex`). No cells, no chain.
 *
 * @module
 */
import { CocoonError } from '../errors.js'
import { decodeBase64, encodeBase64 } from './base64.js'
import { concatBytes, equalBytes } from './bytes.js'
import { bytesToHex, hexToBytes } from './hex.js'

/** An account of TON. The two flags are advice of the text that it came from, not part of its identity. */
export interface TonAddress {
  /** −2³¹…2³¹−1; −1 and 0 in practice. */
  readonly workchain: number
  /** Account id, 32 bytes. */
  readonly hash: Uint8Array
  /** What the friendly text said; absent when it came from raw text. */
  readonly bounceable?: boolean
  /** What the friendly text said; absent when it came from raw text. */
  readonly testOnly?: boolean
}

/** Flags of the friendly form. */
export interface FormatAddressOptions {
  /** Default: the address's own flag, else `true`. */
  readonly bounceable?: boolean | undefined
  /** Default: the address's own flag, else `false`. */
  readonly testOnly?: boolean | undefined
  /** `-` and `_` instead of `+` and `/`. Default `true`. */
  readonly urlSafe?: boolean | undefined
}

const TAG_BOUNCEABLE = 0x11
const TAG_NON_BOUNCEABLE = 0x51
const TAG_TEST = 0x80
const FRIENDLY_LENGTH = 48
const RAW = /^(0|-?[1-9]\d{0,9}):([0-9a-fA-F]{64})$/

/**
 * Reads either form; the friendly one with any flags, URL-safe or not.
 *
 * @throws CocoonError `ERR_ENCODING`.
 */
export function parseAddress(text: string): TonAddress {
  const raw = RAW.exec(text)
  if (raw !== null) {
    const workchain = Number(raw[1])
    if ((workchain | 0) !== workchain) throw invalidAddress('workchain out of range')
    return { workchain, hash: hexToBytes(raw[2]!) }
  }
  if (text.length !== FRIENDLY_LENGTH) throw invalidAddress('neither friendly nor raw')
  const bytes = decodeBase64(text, { urlSafe: /[-_]/.test(text), padding: false })
  const tag = bytes[0]! & ~TAG_TEST
  if (tag !== TAG_BOUNCEABLE && tag !== TAG_NON_BOUNCEABLE) throw invalidAddress('unknown tag')
  if (!equalBytes(crc16(bytes.subarray(0, 34)), bytes.subarray(34))) throw invalidAddress('wrong checksum')
  return {
    workchain: (bytes[1]! << 24) >> 24,
    hash: bytes.slice(2, 34),
    bounceable: tag === TAG_BOUNCEABLE,
    testOnly: (bytes[0]! & TAG_TEST) !== 0
  }
}

/**
 * The friendly form.
 *
 * @throws CocoonError `ERR_ENCODING` when the workchain does not fit into a signed byte or the hash is not 32 bytes.
 */
export function formatAddress(address: TonAddress, options: FormatAddressOptions = {}): string {
  const { workchain, hash } = address
  if ((workchain << 24) >> 24 !== workchain) throw invalidAddress('workchain does not fit the friendly form')
  if (hash.length !== 32) throw invalidAddress('hash is not 32 bytes')
  const bounceable = options.bounceable ?? address.bounceable ?? true
  const testOnly = options.testOnly ?? address.testOnly ?? false
  const tag = (bounceable ? TAG_BOUNCEABLE : TAG_NON_BOUNCEABLE) | (testOnly ? TAG_TEST : 0)
  const body = concatBytes(Uint8Array.of(tag, workchain), hash)
  return encodeBase64(concatBytes(body, crc16(body)), { urlSafe: options.urlSafe ?? true, padding: false })
}

/** The raw form, `workchain:hex` in lower case. */
export function formatRawAddress(address: TonAddress): string {
  return `${address.workchain}:${bytesToHex(address.hash)}`
}

/** Whether two addresses name the same account, whatever their flags. */
export function sameAddress(a: TonAddress, b: TonAddress): boolean {
  return a.workchain === b.workchain && equalBytes(a.hash, b.hash)
}

/** CRC-16/XMODEM (polynomial 0x1021, initial value 0), 2 bytes big-endian. */
function crc16(bytes: Uint8Array): Uint8Array {
  let crc = 0
  for (const byte of bytes) {
    crc ^= byte << 8
    for (let bit = 0; bit < 8; bit++) crc = (crc & 0x8000) === 0 ? crc << 1 : (crc << 1) ^ 0x1021
  }
  return Uint8Array.of(crc >> 8, crc)
}

function invalidAddress(reason: string): CocoonError {
  return new CocoonError('ERR_ENCODING', `not a TON address: ${reason}`, { phase: 'encoding' })
}
