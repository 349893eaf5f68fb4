/**
 * Strict, bounded reader of the DER subset that X.509 needs (X.690 §10): definite minimal lengths, single-octet tags, no
 * trailing bytes. Elements are views into the input, nothing is copied; every call does work linear in what it consumes
 * and nothing recurses, so depth is bounded by the caller's own code.
 *
 * @module
 */
import { derError } from './der-error.js'

/** One element; `raw` and `content` are views into the bytes that were read. */
export interface DerElement {
  /** Identifier octet. */
  readonly tag: number
  readonly content: Uint8Array
  /** Identifier, length and content. */
  readonly raw: Uint8Array
}

/** Longest input that is read, bytes. Collateral and certificates stay far below it. */
export const MAX_DER_BYTES: number = 1 << 20

/** Reads consecutive elements of one constructed value. */
export class DerReader {
  readonly #bytes: Uint8Array
  #offset = 0

  /** @throws CocoonError `ERR_DER` when the input is longer than {@link MAX_DER_BYTES}. */
  constructor(bytes: Uint8Array) {
    if (bytes.length > MAX_DER_BYTES) throw derError('input is too long')
    this.#bytes = bytes
  }

  /** Whether everything has been consumed. */
  get done(): boolean {
    return this.#offset === this.#bytes.length
  }

  /** Identifier octet of the next element; `undefined` at the end. */
  peekTag(): number | undefined {
    return this.#bytes[this.#offset]
  }

  /**
   * Consumes the next element.
   *
   * @param expectedTag - Required identifier octet; `undefined` takes any.
   * @throws CocoonError `ERR_DER`; the reader must not be used afterwards.
   */
  next(expectedTag?: number): DerElement {
    const start = this.#offset
    const tag = this.#octet()
    if ((tag & 0x1f) === 0x1f) throw derError('multi-octet tags are not used here')
    if (expectedTag !== undefined && tag !== expectedTag) {
      throw derError(`tag ${hexOctet(tag)} where ${hexOctet(expectedTag)} is due`)
    }
    const length = this.#length()
    if (length > this.#bytes.length - this.#offset) throw derError('element runs past the end')
    const contentStart = this.#offset
    this.#offset += length
    return {
      tag,
      content: this.#bytes.subarray(contentStart, this.#offset),
      raw: this.#bytes.subarray(start, this.#offset)
    }
  }

  /** Consumes the next element if it has this identifier octet. */
  optional(tag: number): DerElement | undefined {
    return this.peekTag() === tag ? this.next(tag) : undefined
  }

  /** Consumes the next element and opens its content. */
  enter(tag: number): DerReader {
    return new DerReader(this.next(tag).content)
  }

  /** Requires that nothing is left. */
  end(): void {
    if (!this.done) throw derError('trailing bytes')
  }

  #octet(): number {
    const octet = this.#bytes[this.#offset]
    if (octet === undefined) throw derError('unexpected end')
    this.#offset += 1
    return octet
  }

  #length(): number {
    const first = this.#octet()
    if (first < 0x80) return first
    const octets = first & 0x7f
    if (octets === 0) throw derError('indefinite length')
    if (octets > 3) throw derError('length field is too long')
    let length = 0
    for (let index = 0; index < octets; index++) length = (length << 8) | this.#octet()
    const minimal = octets === 1 ? 0x80 : 1 << (8 * (octets - 1))
    if (length < minimal) throw derError('length is not minimal')
    return length
  }
}

/** Reads the one element that fills `bytes` exactly. @throws CocoonError `ERR_DER`. */
export function readDer(bytes: Uint8Array, expectedTag?: number): DerElement {
  const reader = new DerReader(bytes)
  const element = reader.next(expectedTag)
  reader.end()
  return element
}

function hexOctet(octet: number): string {
  return `0x${octet.toString(16).padStart(2, '0')}`
}
