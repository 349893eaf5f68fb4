/**
 * Protection of records with one traffic secret: keys, nonces, AES-GCM (RFC 8446 §5.2, §5.3, §7.3). One direction, one epoch.
 *
 * @module
 */
import { asBuffer, type CipherSuite } from './cipher-suites.js'
import { CONTENT_TYPE, MAX_RECORD_CONTENT, RECORD_HEADER, VERSION_LEGACY } from './constants.js'
import { expandLabel, nextTrafficSecret } from './key-schedule.js'

const TAG_LENGTH = 16
const IV_LENGTH = 12
const NOTHING = new Uint8Array(0)

/**
 * Seals or opens records of one epoch. The sequence number advances when a call starts, so calls may run in parallel as
 * long as they are started in record order.
 */
export class RecordProtection {
  readonly #suite: CipherSuite
  readonly #secret: CryptoKey
  readonly #key: CryptoKey
  readonly #iv: Uint8Array
  #sequence = 0

  private constructor(suite: CipherSuite, secret: CryptoKey, key: CryptoKey, iv: Uint8Array) {
    this.#suite = suite
    this.#secret = secret
    this.#key = key
    this.#iv = iv
  }

  /** Traffic keys of a secret, RFC 8446 §7.3. */
  static async create(suite: CipherSuite, secret: CryptoKey): Promise<RecordProtection> {
    const [raw, iv] = await Promise.all([
      expandLabel(suite, secret, 'key', NOTHING, suite.keyLength),
      expandLabel(suite, secret, 'iv', NOTHING, IV_LENGTH)
    ])
    const key = await crypto.subtle.importKey('raw', asBuffer(raw), 'AES-GCM', false, ['encrypt', 'decrypt'])
    raw.fill(0)
    return new RecordProtection(suite, secret, key, iv)
  }

  /** The epoch after a KeyUpdate, RFC 8446 §7.2. */
  async next(): Promise<RecordProtection> {
    return RecordProtection.create(this.#suite, await nextTrafficSecret(this.#suite, this.#secret))
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
    const record = new Uint8Array(RECORD_HEADER + inner.length + TAG_LENGTH)
    writeRecordHeader(record, CONTENT_TYPE.applicationData, inner.length + TAG_LENGTH, VERSION_LEGACY)
    const parameters = this.#parameters(record.subarray(0, RECORD_HEADER))
    record.set(new Uint8Array(await crypto.subtle.encrypt(parameters, this.#key, inner)), RECORD_HEADER)
    return record
  }

  /**
   * The inner plaintext of a record (content, type, padding) in an array of its own; `undefined` when it was not sealed
   * with this epoch's next sequence number. Never rejects because of the input.
   */
  async open(header: Uint8Array, body: Uint8Array): Promise<Uint8Array | undefined> {
    const parameters = this.#parameters(header)
    try {
      return new Uint8Array(await crypto.subtle.decrypt(parameters, this.#key, asBuffer(body)))
    } catch {
      return undefined
    }
  }

  #parameters(header: Uint8Array): AesGcmParams {
    const nonce = this.#iv.slice()
    const view = new DataView(nonce.buffer)
    const sequence = this.#sequence++
    view.setUint32(4, view.getUint32(4) ^ Math.floor(sequence / 2 ** 32))
    view.setUint32(8, view.getUint32(8) ^ (sequence % 2 ** 32))
    return { name: 'AES-GCM', iv: asBuffer(nonce), additionalData: asBuffer(header) }
  }
}

/** Writes `type u8 · version u16 · length u16` at the start of `target`. */
export function writeRecordHeader(target: Uint8Array, type: number, length: number, version: number): void {
  target.set([type, version >> 8, version & 0xff, length >> 8, length & 0xff])
}
