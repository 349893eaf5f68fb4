/**
 * What every wallet contract takes: outgoing messages, a sequence number, an end of validity, and somebody who signs.
 * The library never holds a mnemonic; it asks for a signature over 32 bytes.
 *
 * @module
 */
import { beginCell, type Address, type Cell } from '@ton/core'
import { CocoonError } from '../../errors.js'
import { assertUint, cellToBoc, parseCell, toAddress, type AddressInput } from './cells.js'
import { assertCoins } from './layout.js'

/** One outgoing message of a wallet. */
export interface WalletMessage {
  readonly to: AddressInput
  /** Attached value, nanotons. */
  readonly valueNano: bigint
  /** Whether the value comes back when the receiver fails. `false` only for the deployment of an empty account. */
  readonly bounce: boolean
  /** Bag of cells; `undefined` for an empty body. */
  readonly body?: Uint8Array | undefined
  /** Bag of cells of a StateInit; deploys the receiver. */
  readonly stateInit?: Uint8Array | undefined
}

/** One signed request to a wallet. */
export interface WalletTransfer {
  /** The wallet's present sequence number; 0 deploys the wallet. */
  readonly seqno: number
  /** Unix seconds after which the request is void. */
  readonly validUntilUnix: number
  readonly messages: readonly WalletMessage[]
}

/** Signs 32 bytes with the wallet's Ed25519 key. @returns 64 bytes. */
export type SignHash = (hash: Uint8Array) => Promise<Uint8Array>

/** A wallet contract as seen from outside: its address and how to ask it for a transfer. */
export interface Wallet {
  readonly kind: 'cocoon' | 'v4r2' | 'v5r1'
  /** Friendly, bounceable. */
  readonly address: string
  /** Most messages in one transfer. */
  readonly maxMessages: number
  /** Sequence number in the wallet's data; 0 when it is not deployed (`null`). @throws CocoonError `ERR_CONTRACT_STATE`. */
  readSeqno(data: Uint8Array | null): number
  /** Builds the signed external message as a bag of cells. @throws CocoonError `ERR_OPTIONS` | `ERR_ENCODING` | `ERR_SIGNATURE`. */
  createTransfer(transfer: WalletTransfer, sign: SignHash): Promise<Uint8Array>
}

/** A message with its parts as cells. */
export interface CellMessage {
  readonly to: Address
  readonly valueNano: bigint
  readonly bounce: boolean
  readonly body: Cell | null
  readonly stateInit: Cell | null
}

/** Checks a transfer and turns its bags of cells into cells. @throws CocoonError `ERR_OPTIONS` | `ERR_ENCODING` | `ERR_CONTRACT_STATE`. */
export function readTransfer(transfer: WalletTransfer, maxMessages: number): readonly CellMessage[] {
  assertUint(transfer.seqno, 32, 'seqno')
  assertUint(transfer.validUntilUnix, 32, 'validUntilUnix')
  if (transfer.messages.length < 1 || transfer.messages.length > maxMessages) {
    throw new CocoonError('ERR_OPTIONS', `a transfer takes 1 to ${maxMessages} messages`, {
      phase: 'options',
      field: 'messages'
    })
  }
  return transfer.messages.map((message) => ({
    to: toAddress(message.to, 'to'),
    valueNano: assertCoins(message.valueNano, 'valueNano'),
    bounce: message.bounce,
    body: message.body === undefined ? null : parseCell(message.body, 'message body'),
    stateInit: message.stateInit === undefined ? null : parseCell(message.stateInit, 'state init')
  }))
}

/** Calls the signer and checks the length of what it gives. @throws CocoonError `ERR_SIGNATURE`. */
export async function signCell(cell: Cell, sign: SignHash): Promise<Uint8Array> {
  const signature = await sign(new Uint8Array(cell.hash()))
  if (!(signature instanceof Uint8Array) || signature.length !== 64) {
    throw new CocoonError('ERR_SIGNATURE', 'the signer did not give 64 bytes', { phase: 'channel' })
  }
  return signature
}

/** The external message that carries a wallet's body: always with references, as the reference writes it. */
export function buildExternalMessage(address: Address, body: Cell, stateInit: Cell | null): Uint8Array {
  const builder = beginCell().storeUint(0b1000, 4).storeAddress(address).storeCoins(0)
  if (stateInit === null) builder.storeBit(false)
  else builder.storeUint(0b11, 2).storeRef(stateInit)
  return cellToBoc(builder.storeBit(true).storeRef(body).endCell())
}
