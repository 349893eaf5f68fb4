/**
 * Turns `@ton/core` values into the plain ones of types.ts.
 *
 * @module
 */
import { Address, BitBuilder, Cell, loadTransaction, type Message, type Transaction } from '@ton/core'
import { bytesToHex, formatRawAddress, parseAddress } from '../../encoding/index.js'
import { badResponse } from './errors.js'
import type { AddressInput, ChainMessage, ChainTransaction } from './types.js'

/** Largest bag of cells of a transaction or an account. */
const MAX_HEX_DIGITS = 4_194_304

/** The library's address of an input in any form. @throws CocoonError `ERR_ENCODING`. */
export function coreAddress(input: AddressInput): Address {
  return Address.parseRaw(formatRawAddress(typeof input === 'string' ? parseAddress(input) : input))
}

/** Copies bytes into the buffer type that `@ton/core` wants, without naming a global of one platform. */
export function toCoreBuffer(bytes: Uint8Array): Parameters<typeof Cell.fromBoc>[0] {
  const builder = new BitBuilder(bytes.length * 8)
  for (const byte of bytes) builder.writeUint(byte, 8)
  return builder.buffer()
}

/** Friendly, bounceable text. */
export function friendly(address: Address): string {
  return address.toString({ bounceable: true, testOnly: false, urlSafe: true })
}

/** Friendly text of an address that a source wrote in any form. @throws CocoonError `ERR_CHAIN_RESPONSE`. */
export function friendlyFrom(source: string, text: string): string {
  try {
    return friendly(Address.parse(text))
  } catch (cause) {
    throw badResponse(source, 'an address does not parse', cause)
  }
}

/** Bag of cells of a cell. */
export function bocOf(cell: Cell): Uint8Array {
  return new Uint8Array(cell.toBoc({ idx: false, crc32: false }))
}

/** A single-rooted bag of cells that a source gave. @throws CocoonError `ERR_CHAIN_RESPONSE`. */
export function readBoc(source: string, bytes: Uint8Array, what: string): Cell {
  if (bytes.length * 2 > MAX_HEX_DIGITS) throw badResponse(source, `${what} is too large`)
  try {
    return Cell.fromHex(bytesToHex(bytes))
  } catch (cause) {
    throw badResponse(source, `${what} is not a bag of cells`, cause)
  }
}

function toMessage(message: Message): ChainMessage {
  const { info } = message
  const body = bocOf(message.body)
  if (info.type === 'internal') {
    return {
      source: friendly(info.src),
      destination: friendly(info.dest),
      valueNano: info.value.coins,
      bounced: info.bounced,
      body,
      createdLt: info.createdLt
    }
  }
  const destination = info.type === 'external-in' ? friendly(info.dest) : null
  const source = info.type === 'external-out' ? friendly(info.src) : null
  return {
    source,
    destination,
    valueNano: 0n,
    bounced: false,
    body,
    createdLt: info.type === 'external-out' ? info.createdLt : 0n
  }
}

/** Plain form of a transaction. */
export function toTransaction(transaction: Transaction): ChainTransaction {
  const { description } = transaction
  const phases = description.type === 'generic' ? description : null
  const compute = phases?.computePhase.type === 'vm' ? phases.computePhase : null
  return {
    lt: transaction.lt,
    hash: bytesToHex(new Uint8Array(transaction.hash())),
    atUnix: transaction.now,
    inMessage: transaction.inMessage ? toMessage(transaction.inMessage) : null,
    outMessages: transaction.outMessages.values().map(toMessage),
    exitCode: compute?.exitCode ?? null,
    actionCode: phases?.actionPhase?.resultCode ?? null,
    aborted: phases?.aborted ?? false
  }
}

/** Parses a transaction's bag of cells. @throws CocoonError `ERR_CHAIN_RESPONSE`. */
export function readTransaction(source: string, boc: Uint8Array): ChainTransaction {
  const cell = readBoc(source, boc, 'transaction')
  try {
    return toTransaction(loadTransaction(cell.beginParse()))
  } catch (cause) {
    throw badResponse(source, 'a transaction does not parse', cause)
  }
}

/** Empty cell as a bag of cells: the body of a message without one. */
export const EMPTY_BOC: Uint8Array = bocOf(Cell.EMPTY)
