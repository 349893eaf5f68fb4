/**
 * Message bodies as data: `u32 op · u64 query_id · fields`, nothing after. One reader and one writer are derived from
 * the tables in client-messages.ts and proxy-messages.ts. Source: payments.md §2, §3.
 *
 * @module
 */
import { beginCell, type Builder, type Cell, type Slice } from '@ton/core'
import { CocoonError } from '../../errors.js'
import {
  addressText,
  assertUint,
  contractError,
  loadHex256,
  parseCell,
  readCell,
  storeHex256,
  toAddress,
  toHex256
} from './cells.js'

/** How one field is stored and what it is in JavaScript. */
export interface FieldValues {
  /** 64 bits; `bigint`. */
  readonly u64: bigint
  /** 32 bits, signed. */
  readonly i32: number
  /** 256 bits, as 64 lower-case hex digits. */
  readonly u256: string
  /** VarUInteger 16, nanotons. */
  readonly coins: bigint
  /** A standard address as friendly text; `null` stands for `addr_none`, which is read but never written. */
  readonly address: string | null
  /** 512 bits, as 128 lower-case hex digits. */
  readonly signature: string
  /** A reference; its cell. */
  readonly ref: Cell
}

/** Kind of a field. */
export type FieldKind = keyof FieldValues

/** One message: its operation code and its fields in wire order. */
export interface MessageLayout {
  readonly op: number
  readonly fields: Readonly<Record<string, FieldKind>>
}

/** A table of messages by name. */
export type MessageTable = Readonly<Record<string, MessageLayout>>

/** The plain object that stands for a message of a table. */
export type MessageOf<Table extends MessageTable> = {
  [Name in keyof Table]: { readonly type: Name; readonly queryId: bigint } & {
    readonly [Field in keyof Table[Name]['fields']]: FieldValues[Table[Name]['fields'][Field]]
  }
}[keyof Table]

function fail(field: string, expected: string): never {
  throw new CocoonError('ERR_OPTIONS', `${field} must be ${expected}`, { phase: 'options', field })
}

/** 512 bits from hex. */
export function storeSignature(builder: Builder, hex: string, field: string): Builder {
  if (typeof hex !== 'string' || !/^[0-9a-f]{128}$/i.test(hex)) fail(field, '64 bytes of hex')
  return builder.storeUint(BigInt(`0x${hex}`), 512)
}

/** 512 bits as hex. */
export function loadSignature(slice: Slice): string {
  return slice.loadUintBig(512).toString(16).padStart(128, '0')
}

/** Checks an amount in nanotons: an unsigned number of at most 120 bits. @throws CocoonError `ERR_OPTIONS`. */
export function assertCoins(value: unknown, field: string): bigint {
  if (typeof value !== 'bigint' || value < 0n || value >> 120n !== 0n) fail(field, 'an amount in nanotons (bigint)')
  return value
}

function storeField(builder: Builder, kind: FieldKind, value: unknown, field: string): Builder {
  switch (kind) {
    case 'u64':
      return builder.storeUint(assertUint(value as bigint, 64, field), 64)
    case 'i32':
      if (typeof value !== 'number' || (value | 0) !== value) fail(field, 'a signed 32-bit number')
      return builder.storeInt(value, 32)
    case 'u256':
      return storeHex256(builder, toHex256(value as string, field))
    case 'coins':
      return builder.storeCoins(assertCoins(value, field))
    case 'address':
      // addr_none as the address for the change makes the contract keep the whole value (payments.md §6 row 6).
      if (value === null || value === undefined) fail(field, 'an address; without one the contract keeps the change')
      return builder.storeAddress(toAddress(value as string, field))
    case 'signature':
      return storeSignature(builder, value as string, field)
    case 'ref':
      return builder.storeRef(value as Cell)
  }
}

function loadField(slice: Slice, kind: FieldKind): FieldValues[FieldKind] {
  switch (kind) {
    case 'u64':
      return slice.loadUintBig(64)
    case 'i32':
      return slice.loadInt(32)
    case 'u256':
      return loadHex256(slice)
    case 'coins':
      return slice.loadCoins()
    case 'address': {
      const address = slice.loadMaybeAddress()
      return address === null ? null : addressText(address)
    }
    case 'signature':
      return loadSignature(slice)
    case 'ref':
      return slice.loadRef()
  }
}

/**
 * Builds the body of a message.
 *
 * @throws CocoonError `ERR_OPTIONS` | `ERR_ENCODING` naming the field.
 */
export function buildBody<Table extends MessageTable>(table: Table, message: MessageOf<Table>): Cell {
  const layout = Object.hasOwn(table, message.type) ? table[message.type] : undefined
  if (layout === undefined) return fail('type', `one of ${Object.keys(table).join(', ')}`)
  const values = message as unknown as Readonly<Record<string, unknown>>
  const builder = beginCell().storeUint(layout.op, 32)
  storeField(builder, 'u64', message.queryId, 'queryId')
  for (const [name, kind] of Object.entries(layout.fields)) storeField(builder, kind, values[name], name)
  return builder.endCell()
}

/**
 * Reads the body of a message; strict: nothing may be left over.
 *
 * @returns The message, or `null` when the operation code is not in the table.
 * @throws CocoonError `ERR_CONTRACT_STATE` when the code is known and the rest does not parse.
 */
export function parseBody<Table extends MessageTable>(table: Table, body: Cell): MessageOf<Table> | null {
  return readCell(body, 'message body', (slice) => {
    if (slice.remainingBits < 32) return null
    const op = slice.loadUint(32)
    const entry = Object.entries(table).find(([, layout]) => layout.op === op)
    if (entry === undefined) return null
    const [type, layout] = entry
    const message: Record<string, unknown> = { type, queryId: slice.loadUintBig(64) }
    for (const [name, kind] of Object.entries(layout.fields)) message[name] = loadField(slice, kind)
    if (slice.remainingBits !== 0 || slice.remainingRefs !== 0) throw contractError(`${type} message has extra data`)
    return message as unknown as MessageOf<Table>
  })
}

/** Operation code and query id at the head of a body; `null` when it is shorter. @throws CocoonError `ERR_CONTRACT_STATE`. */
export function readHeader(body: Uint8Array): { readonly op: number; readonly queryId: bigint } | null {
  return readCell(parseCell(body, 'message body'), 'message body', (slice) =>
    slice.remainingBits < 96 ? null : { op: slice.loadUint(32), queryId: slice.loadUintBig(64) }
  )
}
