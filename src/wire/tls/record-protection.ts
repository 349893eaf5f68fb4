/**
 * Protection of records with one traffic secret: keys, nonces, AES-GCM (RFC 8446 §5.2, §5.3, §7.3). One direction, one epoch.
 *
 * @module
 */
import { asBuffer, type CipherSuite, keepSecret, type Secret } from './cipher-suites.js'
import * as RECORD_TYPE from './code-points/record-types.js'
import { MAX_RECORD_CONTENT, RECORD_HEADER, VERSION_LEGACY } from './constants.js'
import { expandLabel } from './key-schedule.js'

const TAG_LENGTH = 16
const IV_LENGTH = 12

/**
 * Seals or opens records of one epoch. The sequence number advances when a call starts, so calls may run in parallel as
 * long as they are started in record order.
 */
export class RecordProtection {
  readonly #suite: CipherSuite
  readonly #secret: Secret
  readonly #key: CryptoKey
  readonly #iv: Uint8Array
  #sequence = 0

  private constructor(suite: CipherSuite, secret: Secret, key: CryptoKey, iv: Uint8Array) {
    this.#suite = suite
    this.#secret = secret
    this.#key = key
    this.#iv = iv
  }

  /**
   * Traffic keys of a secret, RFC 8446 §7.3.
   *
   * @param kept - The same secret as {@link next} finds it, where `secret` is erased before.
   */
  static async create(suite: CipherSuite, secret: Secret, kept: Secret = secret): Promise<RecordProtection> {
    const [raw, iv] = await Promise.all([
      expandLabel(suite, secret, 'key', undefined, suite.keyLength),
      expandLabel(suite, secret, 'iv', undefined, IV_LENGTH)
    ])
    const key = await crypto.subtle.importKey('raw', asBuffer(raw), 'AES-GCM', false, ['encrypt', 'decrypt'])
    raw.fill(0)
    return new RecordProtection(suite, kept, key, iv)
  }

  /** The epoch after a KeyUpdate, RFC 8446 §7.2. */
  async next(): Promise<RecordProtection> {
    const raw = await expandLabel(this.#suite, this.#secret, 'traffic upd')
    const next = await RecordProtection.create(this.#suite, keepSecret(this.#suite, raw))
    raw.fill(0)
    return next
  }

  /** Records sealed or opened so far. */
  get sequence(): number {
    return this.#sequence
  }

  /**
   * One protected record with its header.
   *
   * @param content - At most 16_384 bytes.
   * @param paddingMultiple - Content and type are padded with zeros to a multiple of this; 1 adds nothing.
   */
  async seal(type: number, content: Uint8Array, paddingMultiple = 1): Promise<Uint8Array> {
    const padded = Math.ceil((content.length + 1) / paddingMultiple) * paddingMultiple
    const inner = new Uint8Array(Math.max(content.length + 1, Math.min(padded, MAX_RECORD_CONTENT + 1)))
    inner.set(content)
    inner[content.length] = type
    const record = emptyRecord(RECORD_TYPE.applicationData, inner.length + TAG_LENGTH)
    const parameters = this.#parameters(record)
    record.set(new Uint8Array(await crypto.subtle.encrypt(parameters, this.#key, inner)), RECORD_HEADER)
    return record
  }

  /**
   * The inner plaintext of a record (content, type, padding) in an array of its own; `undefined` when it was not sealed
   * with this epoch's next sequence number. Never rejects because of the input.
   */
  async open(record: Uint8Array): Promise<Uint8Array | undefined> {
    const parameters = this.#parameters(record)
    try {
      return new Uint8Array(
        await crypto.subtle.decrypt(parameters, this.#key, asBuffer(record.subarray(RECORD_HEADER)))
      )
    } catch {
      return undefined
    }
  }

  #parameters(record: Uint8Array): AesGcmParams {
    const nonce = this.#iv.slice()
    const view = new DataView(nonce.buffer)
    const sequence = this.#sequence++
    view.setUint32(4, view.getUint32(4) ^ Math.floor(sequence / 2 ** 32))
    view.setUint32(8, view.getUint32(8) ^ (sequence % 2 ** 32))
    return { name: 'AES-GCM', iv: asBuffer(nonce), additionalData: asBuffer(record.subarray(0, RECORD_HEADER)) }
  }
}

/** An unprotected record. @param version - Legacy version: 0x0301 for the first ClientHello, else 0x0303. */
export function plainRecord(type: number, content: Uint8Array, version?: number): Uint8Array {
  const record = emptyRecord(type, content.length, version)
  record.set(content, RECORD_HEADER)
  return record
}

/** A record with room for its body after the header `type u8 · version u16 · length u16`. */
function emptyRecord(type: number, length: number, version: number = VERSION_LEGACY): Uint8Array {
  const record = new Uint8Array(RECORD_HEADER + length)
  record.set([type, version >> 8, version, length >> 8, length])
  return record
}
