/**
 * The wallet contract that the network's own programs use as owner of client and proxy contracts. Its code is not part of
 * this library: who runs such a wallet has it, and passes it in. Source: contracts.md §9, payments.md §4.
 *
 * Known weakness, stated because the contract cannot be changed: with mode 0 a transfer whose action phase fails does not
 * advance the sequence number, so the same request can be replayed until `validUntilUnix`. Keep that short.
 *
 * @module
 */
import { beginCell, type Builder, type Cell, type Slice } from '@ton/core'
import { bytesToHex } from '../../encoding/index.js'
import { CocoonError } from '../../errors.js'
import {
  addressText,
  buildStateInit,
  cellHashHex,
  cellToBoc,
  contractError,
  loadHex256,
  parseCell,
  readCell,
  readWhole,
  stateInitAddress,
  storeHex256,
  toAddress,
  toHex256,
  type AddressInput,
  type Bits256Input
} from './cells.js'
import { loadSignature, storeSignature } from './layout.js'
import {
  buildExternalMessage,
  readTransfer,
  signCell,
  type CellMessage,
  type SignHash,
  type Wallet,
  type WalletTransfer
} from './wallet-transfer.js'

/** Hash of the wallet's code, hex. */
export const COCOON_WALLET_CODE_HASH = '7a48f05ceef40f06cabbaa39c1c5a67b24e8bb59d8cf8a74e49988a5f44cf66a'

/** Below this balance the contract does not accept external messages (exit code 1035). */
export const COCOON_WALLET_MIN_BALANCE_NANO = 2_000_000_000n

/** Who the wallet belongs to. */
export interface CocoonWalletOptions {
  /** Bag of cells of the wallet's code; its hash must be {@link COCOON_WALLET_CODE_HASH}. */
  readonly code: Uint8Array
  /** Ed25519 public key, 32 bytes. */
  readonly publicKey: Bits256Input
  /** The address that may send commands as internal messages. */
  readonly owner: AddressInput
}

/** A parsed external request to such a wallet. */
export interface CocoonWalletRequest {
  readonly signature: string
  /** Hash that is signed, hex. */
  readonly signedHash: string
  readonly subwallet: number
  readonly validUntilUnix: number
  readonly seqno: number
  readonly messages: readonly CocoonWalletOutput[]
}

/** One outgoing message of a parsed request. */
export interface CocoonWalletOutput {
  readonly mode: number
  readonly to: string
  readonly valueNano: bigint
  readonly bounce: boolean
  readonly hasStateInit: boolean
  /** Bag of cells of the body; `null` when there is none. */
  readonly body: Uint8Array | null
}

const MAX_MESSAGES = 4

/** Message as the reference writes it: references for StateInit and body, always. */
export function buildCocoonWalletOutput(message: CellMessage): Cell {
  const builder = beginCell()
    .storeUint(message.bounce ? 0x18 : 0x10, 6)
    .storeAddress(message.to)
    .storeCoins(message.valueNano)
    .storeUint(0, 105)
  if (message.stateInit === null) builder.storeBit(false)
  else builder.storeUint(0b11, 2).storeRef(message.stateInit)
  return (message.body === null ? builder.storeBit(false) : builder.storeBit(true).storeRef(message.body)).endCell()
}

function storeRequest(builder: Builder, transfer: WalletTransfer): Builder {
  builder.storeUint(0, 32).storeUint(transfer.validUntilUnix, 32).storeUint(transfer.seqno, 32)
  for (const message of readTransfer(transfer, MAX_MESSAGES)) {
    // The reference pays the forwarding fee separately for messages of up to one nanoton.
    builder.storeUint(message.valueNano <= 1n ? 1 : 0, 8).storeRef(buildCocoonWalletOutput(message))
  }
  return builder
}

/** The cell whose hash is signed. @throws CocoonError `ERR_OPTIONS` | `ERR_ENCODING`. */
export function buildCocoonWalletUnsigned(transfer: WalletTransfer): Cell {
  return storeRequest(beginCell(), transfer).endCell()
}

/** StateInit of such a wallet. @throws CocoonError `ERR_OPTIONS` for other code. */
export function buildCocoonWalletStateInit(options: CocoonWalletOptions): Cell {
  const code = parseCell(options.code, 'wallet code')
  if (cellHashHex(code) !== COCOON_WALLET_CODE_HASH) {
    throw new CocoonError('ERR_OPTIONS', "this is not the code of the network's wallet contract", {
      phase: 'options',
      field: 'code'
    })
  }
  const data = storeHex256(beginCell().storeUint(0, 64), toHex256(options.publicKey, 'publicKey'))
  return buildStateInit(code, data.storeUint(0, 32).storeAddress(toAddress(options.owner, 'owner')).endCell())
}

/** Opens the network's own wallet. @throws CocoonError `ERR_OPTIONS` | `ERR_ENCODING` | `ERR_CONTRACT_STATE`. */
export function openCocoonWallet(options: CocoonWalletOptions): Wallet {
  const stateInit = buildCocoonWalletStateInit(options)
  const address = stateInitAddress(stateInit)
  return {
    kind: 'cocoon',
    address: addressText(address),
    maxMessages: MAX_MESSAGES,
    readSeqno: (data: Uint8Array | null): number => (data === null ? 0 : parseCocoonWalletState(data).seqno),
    async createTransfer(transfer: WalletTransfer, sign: SignHash): Promise<Uint8Array> {
      const unsigned = buildCocoonWalletUnsigned(transfer)
      const signature = await signCell(unsigned, sign)
      const body = storeSignature(beginCell(), bytesToHex(signature), 'signature')
        .storeSlice(unsigned.beginParse())
        .endCell()
      return buildExternalMessage(address, body, transfer.seqno === 0 ? stateInit : null)
    }
  }
}

function parseOutput(mode: number, cell: Cell): CocoonWalletOutput {
  return readCell(cell, 'wallet message', (slice) => {
    const flags = slice.loadUint(6)
    if (flags !== 0x18 && flags !== 0x10) throw contractError('wallet message is of an unknown kind')
    const to = addressText(slice.loadAddress())
    const valueNano = slice.loadCoins()
    if (slice.loadUintBig(105) !== 0n) throw contractError('wallet message has unexpected fields')
    const hasStateInit = slice.loadBit()
    if (hasStateInit) {
      if (!slice.loadBit()) throw contractError('wallet message holds its StateInit inline')
      slice.loadRef()
    }
    const body = slice.loadBit() ? slice.loadRef() : null
    return { mode, to, valueNano, bounce: flags === 0x18, hasStateInit, body: body && cellToBoc(body) }
  })
}

/** Reads the messages that follow the header: eight bits of mode and a reference each. */
function loadOutputs(slice: Slice): readonly CocoonWalletOutput[] {
  const outputs: CocoonWalletOutput[] = []
  while (slice.remainingRefs > 0) outputs.push(parseOutput(slice.loadUint(8), slice.loadRef()))
  return outputs
}

/**
 * Reads the body of an external request to such a wallet.
 *
 * @throws CocoonError `ERR_CONTRACT_STATE`.
 */
export function parseCocoonWalletRequest(body: Uint8Array): CocoonWalletRequest {
  return readWhole(parseCell(body, 'wallet request'), 'wallet request', (slice) => {
    const signature = loadSignature(slice)
    const signedHash = cellHashHex(slice.clone().asCell())
    const header = { subwallet: slice.loadUint(32), validUntilUnix: slice.loadUint(32), seqno: slice.loadUint(32) }
    return { signature, signedHash, ...header, messages: loadOutputs(slice) }
  })
}

/** State of such a wallet. */
export interface CocoonWalletState {
  readonly seqno: number
  readonly subwallet: number
  readonly publicKey: string
  /** 0 normal, otherwise blocked. */
  readonly status: number
  readonly owner: string
}

/** Parses the data of such a wallet. @throws CocoonError `ERR_CONTRACT_STATE`. */
export function parseCocoonWalletState(data: Uint8Array): CocoonWalletState {
  return readWhole(parseCell(data, 'wallet data'), 'wallet data', (slice) => ({
    seqno: slice.loadUint(32),
    subwallet: slice.loadUint(32),
    publicKey: loadHex256(slice),
    status: slice.loadUint(32),
    owner: addressText(slice.loadAddress())
  }))
}
