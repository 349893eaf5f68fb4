/**
 * The standard wallets V4R2 and V5R1 through `@ton/ton`, which is loaded when one is opened and not before.
 *
 * @module
 */
import { SendMode, beginCell, internal, loadStateInit, storeStateInit, type Cell, type MessageRelaxed } from '@ton/core'
import { hexToBytes } from '../../encoding/index.js'
import {
  addressText,
  assertUint,
  contractError,
  parseCell,
  readCell,
  toCoreBuffer,
  toHex256,
  type Bits256Input
} from './cells.js'
import {
  buildExternalMessage,
  readTransfer,
  signCell,
  type CellMessage,
  type SignHash,
  type Wallet,
  type WalletTransfer
} from './wallet-transfer.js'

/** Which wallet, and whose. */
export interface StandardWalletOptions {
  readonly version: 'v4r2' | 'v5r1'
  /** Ed25519 public key, 32 bytes. */
  readonly publicKey: Bits256Input
  /** Whether the wallet lives on TON's test network; V5R1 addresses differ between the two. Default `false`. */
  readonly testnet?: boolean | undefined
  /** Number of the wallet among those of one key, 0…32767; another number is another address. Default 0. */
  readonly subwallet?: number | undefined
}

/** The wallet id that every V4 wallet has unless it is told otherwise. */
const DEFAULT_V4_WALLET_ID = 698_983_191

function toRelaxed(message: CellMessage): MessageRelaxed {
  const { stateInit } = message
  if (stateInit !== null && stateInit.beginParse().remainingBits !== 5)
    throw contractError('state init holds more than code and data')
  return internal({
    to: message.to,
    value: message.valueNano,
    bounce: message.bounce,
    body: message.body,
    init: stateInit === null ? null : loadStateInit(stateInit.beginParse())
  })
}

/**
 * Opens a standard wallet.
 *
 * Transfers use mode 3 (fees paid apart from the value, errors ignored): a message that cannot be paid is then dropped
 * without blocking the sequence number.
 *
 * @throws CocoonError `ERR_ENCODING` for a malformed key.
 */
export async function openStandardWallet(options: StandardWalletOptions): Promise<Wallet> {
  const { WalletContractV4, WalletContractV5R1 } = await import('@ton/ton')
  const publicKey = toCoreBuffer(hexToBytes(toHex256(options.publicKey, 'publicKey')))
  const isV5 = options.version === 'v5r1'
  const subwallet = Number(assertUint(options.subwallet ?? 0, 15, 'subwallet'))
  const networkGlobalId = options.testnet === true ? -3 : -239
  const context = { walletVersion: 'v5r1', workchain: 0, subwalletNumber: subwallet } as const
  const contract = isV5
    ? WalletContractV5R1.create({ publicKey, walletId: { networkGlobalId, context } })
    : WalletContractV4.create({ publicKey, workchain: 0, walletId: DEFAULT_V4_WALLET_ID + subwallet })
  const maxMessages = isV5 ? 255 : 4
  return {
    kind: options.version,
    address: addressText(contract.address),
    maxMessages,
    // V5R1 stores one bit (signature allowed) before the number.
    readSeqno: (data: Uint8Array | null): number =>
      data === null
        ? 0
        : readCell(parseCell(data, 'wallet data'), 'wallet data', (slice) => slice.skip(isV5 ? 1 : 0).loadUint(32)),
    async createTransfer(transfer: WalletTransfer, sign: SignHash): Promise<Uint8Array> {
      const args = {
        seqno: transfer.seqno,
        timeout: transfer.validUntilUnix,
        messages: readTransfer(transfer, maxMessages).map(toRelaxed),
        sendMode: SendMode.PAY_GAS_SEPARATELY + SendMode.IGNORE_ERRORS,
        signer: async (cell: Cell) => toCoreBuffer(await signCell(cell, sign))
      }
      const body = await (contract instanceof WalletContractV4
        ? contract.createTransfer(args)
        : contract.createTransfer(args))
      const stateInit = transfer.seqno === 0 ? beginCell().store(storeStateInit(contract.init)).endCell() : null
      return buildExternalMessage(contract.address, body, stateInit)
    }
  }
}
