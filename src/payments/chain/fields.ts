/**
 * Reads fields of untrusted JSON with typed errors.
 *
 * @module
 */
import { bytesToHex, decodeBase64, hexToBytes } from '../../encoding/index.js'
import { badResponse } from './errors.js'

/** A JSON object of a source; every getter throws `ERR_CHAIN_RESPONSE` naming the field. */
export class JsonFields {
  readonly #source: string
  readonly #value: Readonly<Record<string, unknown>>

  constructor(source: string, value: unknown, what: string) {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw badResponse(source, `${what} is not an object`)
    this.#source = source
    this.#value = value as Record<string, unknown>
  }

  #fail(field: string): never {
    throw badResponse(this.#source, `field ${field} is missing or malformed`)
  }

  /** Whether the field is there and not `null`. */
  has(field: string): boolean {
    return Object.hasOwn(this.#value, field) && this.#value[field] !== null && this.#value[field] !== undefined
  }

  /** Whether the field is there and `null`, which is how some servers write an empty list. */
  isNull(field: string): boolean {
    return Object.hasOwn(this.#value, field) && this.#value[field] === null
  }

  object(field: string): JsonFields {
    return new JsonFields(this.#source, this.#value[field], field)
  }

  list(field: string, maxItems = 1000): readonly JsonFields[] {
    const value = this.#value[field]
    if (!Array.isArray(value) || value.length > maxItems) return this.#fail(field)
    return value.map((item) => new JsonFields(this.#source, item, field))
  }

  text(field: string): string {
    const value = this.#value[field]
    return typeof value === 'string' ? value : this.#fail(field)
  }

  flag(field: string): boolean {
    const value = this.#value[field]
    return typeof value === 'boolean' ? value : this.#fail(field)
  }

  /** A safe integer, given as a number or as decimal text. */
  integer(field: string): number {
    const value = this.big(field)
    const number = Number(value)
    return Number.isSafeInteger(number) ? number : this.#fail(field)
  }

  /** An integer of any size; a JSON number above 2^53 has lost digits already and is refused. */
  big(field: string): bigint {
    const value = this.#value[field]
    if (typeof value === 'number' && Number.isSafeInteger(value)) return BigInt(value)
    if (typeof value === 'string' && /^-?\d{1,40}$/.test(value)) return BigInt(value)
    return this.#fail(field)
  }

  /** Bytes of a base64 field, standard or URL-safe. */
  base64(field: string): Uint8Array {
    const value = this.text(field)
    try {
      return decodeBase64(value.replaceAll('-', '+').replaceAll('_', '/'))
    } catch {
      return this.#fail(field)
    }
  }

  /** Bytes of a hex field. */
  hex(field: string): Uint8Array {
    try {
      return hexToBytes(this.text(field))
    } catch {
      return this.#fail(field)
    }
  }

  /** A 32-byte hash given as hex or as base64. @returns Hex. */
  hash(field: string): string {
    const value = this.text(field)
    const bytes = /^[0-9a-f]{64}$/i.test(value) ? this.hex(field) : this.base64(field)
    return bytes.length === 32 ? bytesToHex(bytes) : this.#fail(field)
  }
}
