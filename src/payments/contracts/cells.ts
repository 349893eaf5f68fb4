/**
 * The seam to `@ton/core`: bytes to cells and back, addresses as text, typed errors instead of the library's own.
 *
 * Owns: size limits before a bag of cells is parsed, one error for everything that does not parse. Refuses: meaning.
 * Cells never leave payments/; public results are text, bytes, numbers and `bigint`.
 *
 * @module
 */
import { Address, BitBuilder, Cell, beginCell, type Builder, type Slice } from '@ton/core'
import { bytesToHex, hexToBytes } from '../../encoding/index.js'
import { CocoonError, type ErrorCode } from '../../errors.js'

/** Largest bag of cells that is read, bytes. The mainnet root state is about 4 kB, an account proof about 20 kB. */
export const MAX_BOC_BYTES = 1_048_576

/** An address as callers give it: friendly or raw text, or workchain and 32-byte hash. */
export type AddressInput = string | { readonly workchain: number; readonly hash: Uint8Array }

/** A 32-byte value as callers give it: 64 hex digits or bytes. */
export type Bits256Input = string | Uint8Array

type CoreBuffer = Parameters<typeof Cell.fromBoc>[0]

/** Copies bytes into the buffer type that `@ton/core` wants, without naming a global of one platform. */
export function toCoreBuffer(bytes: Uint8Array): CoreBuffer {
  const builder = new BitBuilder(bytes.length * 8)
  for (const byte of bytes) builder.writeUint(byte, 8)
  return builder.buffer()
}

/** A contract state or message that cannot be read. */
export function contractError(message: string, cause?: unknown, code: ErrorCode = 'ERR_CONTRACT_STATE'): CocoonError {
  return new CocoonError(code, message, { phase: 'registry', cause })
}

/**
 * Parses a bag of cells with any number of roots.
 *
 * @throws CocoonError `ERR_CONTRACT_STATE` when it is larger than {@link MAX_BOC_BYTES} or malformed.
 */
export function parseRoots(boc: Uint8Array, what: string): readonly Cell[] {
  if (!(boc instanceof Uint8Array)) throw contractError(`${what} is not a byte array`)
  if (boc.length > MAX_BOC_BYTES) throw contractError(`${what} exceeds ${MAX_BOC_BYTES} bytes`)
  try {
    const roots = Cell.fromBoc(toCoreBuffer(boc))
    if (roots.some((root) => !(root instanceof Cell))) throw new Error('root index out of range')
    return roots
  } catch (cause) {
    throw contractError(`${what} is not a bag of cells`, cause)
  }
}

/** Parses a bag of cells with exactly one root. @throws CocoonError `ERR_CONTRACT_STATE`. */
export function parseCell(boc: Uint8Array, what: string): Cell {
  const roots = parseRoots(boc, what)
  const [root] = roots
  if (root === undefined || roots.length !== 1) throw contractError(`${what} has ${roots.length} roots instead of one`)
  return root
}

/** Serialises a cell: magic b5ee9c72, no index, no checksum (what the reference's `std_boc_serialize` mode 0 writes). */
export function cellToBoc(cell: Cell): Uint8Array {
  return new Uint8Array(cell.toBoc({ idx: false, crc32: false }))
}

/** Representation hash of a cell, lower-case hex. */
export function cellHashHex(cell: Cell): string {
  return bytesToHex(new Uint8Array(cell.hash()))
}

/**
 * Runs a reader over the cell and requires that nothing is left, neither bits nor references.
 *
 * @throws CocoonError `ERR_CONTRACT_STATE` for cells that are short, long, exotic or malformed inside.
 */
export function readWhole<T>(cell: Cell, what: string, read: (slice: Slice) => T): T {
  return readCell(cell, what, (slice) => {
    const value = read(slice)
    if (slice.remainingBits !== 0 || slice.remainingRefs !== 0) throw contractError(`${what} has extra data`)
    return value
  })
}

/** Runs a reader over the cell; what is left over is the reader's business. @throws CocoonError `ERR_CONTRACT_STATE`. */
export function readCell<T>(cell: Cell, what: string, read: (slice: Slice) => T): T {
  try {
    return read(cell.beginParse())
  } catch (cause) {
    if (CocoonError.is(cause)) throw cause
    throw contractError(`${what} does not parse`, cause)
  }
}

/**
 * Reads an address in any of the forms of {@link AddressInput}.
 *
 * @throws CocoonError `ERR_ENCODING` naming `field`.
 */
export function toAddress(input: AddressInput, field: string): Address {
  try {
    if (typeof input === 'string') return Address.parse(input)
    if (!Number.isInteger(input.workchain) || Math.abs(input.workchain) > 127) throw new Error('workchain out of range')
    if (!(input.hash instanceof Uint8Array) || input.hash.length !== 32) throw new Error('hash is not 32 bytes')
    return Address.parseRaw(`${input.workchain}:${bytesToHex(input.hash)}`)
  } catch (cause) {
    throw new CocoonError('ERR_ENCODING', `${field} is not a TON address`, { phase: 'encoding', field, cause })
  }
}

/** Friendly text of an address: bounceable, main network flag, URL-safe (`EQ…`). */
export function addressText(address: Address): string {
  return address.toString({ bounceable: true, testOnly: false, urlSafe: true })
}

/** Whether two addresses name the same account: workchain and hash, never the text or its flags. */
export function isSameAddress(a: AddressInput, b: AddressInput): boolean {
  return toAddress(a, 'address').equals(toAddress(b, 'address'))
}

/**
 * Reads a 32-byte value. @returns 64 lower-case hex digits.
 * @throws CocoonError `ERR_ENCODING` naming `field`.
 */
export function toHex256(input: Bits256Input, field: string): string {
  try {
    const bytes = typeof input === 'string' ? hexToBytes(input) : input
    if (!(bytes instanceof Uint8Array) || bytes.length !== 32) throw new Error('not 32 bytes')
    return bytesToHex(bytes)
  } catch (cause) {
    throw new CocoonError('ERR_ENCODING', `${field} is not 32 bytes of hex`, { phase: 'encoding', field, cause })
  }
}

/** Stores 32 bytes given as hex. */
export function storeHex256(builder: Builder, hex: string): Builder {
  return builder.storeUint(BigInt(`0x${hex}`), 256)
}

/** Loads 256 bits as 64 lower-case hex digits. */
export function loadHex256(slice: Slice): string {
  return bigToHex256(slice.loadUintBig(256))
}

/** 256-bit number as 64 lower-case hex digits. */
export function bigToHex256(value: bigint): string {
  return value.toString(16).padStart(64, '0')
}

/** StateInit with code and data only: bits `00110`, then two references. contracts.md §2. */
export function buildStateInit(code: Cell, data: Cell): Cell {
  return beginCell().storeUint(0b00110, 5).storeRef(code).storeRef(data).endCell()
}

/** Address of a StateInit in workchain 0. */
export function stateInitAddress(stateInit: Cell): Address {
  return Address.parseRaw(`0:${cellHashHex(stateInit)}`)
}

/**
 * Checks an unsigned integer that will be stored in `bits` bits.
 *
 * @throws CocoonError `ERR_OPTIONS` naming `field`.
 */
export function assertUint(value: bigint | number, bits: number, field: string): bigint {
  const valid = typeof value === 'bigint' || (typeof value === 'number' && Number.isSafeInteger(value))
  const big = valid ? BigInt(value) : -1n
  if (big < 0n || big >> BigInt(bits) !== 0n) {
    throw new CocoonError('ERR_OPTIONS', `${field} does not fit ${bits} unsigned bits`, { phase: 'options', field })
  }
  return big
}

/** Hash of the root cell of a bag of cells, hex. @throws CocoonError `ERR_CONTRACT_STATE`. */
export function bocHash(boc: Uint8Array): string {
  return cellHashHex(parseCell(boc, 'bag of cells'))
}
