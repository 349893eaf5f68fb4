/**
 * Who signs chain messages: a port and three ways to fill it. The library asks for a signature or a confirmation; it
 * never holds a mnemonic.
 *
 * @module
 */
import { Address, Cell, loadStateInit, SendMode, type Sender } from '@ton/core'
import nacl from 'tweetnacl'
import { bytesToHex, encodeBase64 } from '../../encoding/index.js'
import { CocoonError } from '../../errors.js'
import { throwIfAborted } from '../../runtime/shared/index.js'
import type { ChainReader, ChainSender } from '../chain/index.js'
import { rawAddress, type AddressInput, type SignHash, type Wallet, type WalletMessage } from '../contracts/index.js'

/** Options of a send. */
export interface SignerSendOptions {
  /** Unix seconds after which the message must not be executed any more. */
  readonly validUntilUnix: number
  readonly signal?: AbortSignal | undefined
}

/** Signs and sends messages of one wallet. */
export interface Signer {
  /** Address of the wallet, any form. */
  readonly address: string
  /** Whether `validUntilUnix` is enforced by the chain. If not, a message without a trace can never be called expired. */
  readonly enforcesValidity: boolean
  /**
   * Sends messages in one transfer. Rejects with a `CocoonError` whose `charged` is `'no'` only when it is certain that
   * nothing left; with everything else the caller assumes that the messages may be executed until `validUntilUnix`.
   */
  send(messages: readonly WalletMessage[], options: SignerSendOptions): Promise<void>
}

/** What {@link walletSigner} needs. */
export interface WalletSignerOptions {
  readonly wallet: Wallet
  readonly sign: SignHash
  readonly reader: ChainReader
  readonly sender: ChainSender
}

/** A {@link SignHash} over an Ed25519 seed of 32 bytes; keep the seed where keys are kept. @throws CocoonError `ERR_OPTIONS`. */
export function ed25519Sign(seed: Uint8Array): SignHash {
  if (seed.length !== 32)
    throw new CocoonError('ERR_OPTIONS', 'seed must be 32 bytes', { phase: 'options', field: 'seed' })
  const { secretKey } = nacl.sign.keyPair.fromSeed(seed)
  return async (hash) => nacl.sign.detached(hash, secretKey)
}

/** A wallet whose key signs hashes: a key pair, a hardware module, a remote signer. */
export function walletSigner(options: WalletSignerOptions): Signer {
  const { wallet, sign, reader, sender } = options
  return {
    address: wallet.address,
    enforcesValidity: true,
    async send(messages: readonly WalletMessage[], { validUntilUnix, signal }: SignerSendOptions): Promise<void> {
      const account = await reader.getAccount(wallet.address, { signal })
      const seqno = wallet.readSeqno(account.status === 'active' ? account.data : null)
      const transfer = await wallet.createTransfer({ seqno, validUntilUnix, messages }, sign)
      // The last moment at which nothing has left for certain.
      throwIfAborted(signal, 'channel')
      try {
        await sender.send(transfer, { signal })
      } catch (cause) {
        throw mayHaveLeft('the message was signed, and may have left', cause)
      }
    }
  }
}

function mayHaveLeft(message: string, cause: unknown): CocoonError {
  return new CocoonError('ERR_CHAIN_UNAVAILABLE', message, { phase: 'channel', charged: 'unknown', cause })
}

/** A wallet behind `@ton/core`'s `Sender`. Its address must be known. @throws CocoonError `ERR_OPTIONS`. */
export function senderSigner(sender: Sender): Signer {
  if (sender.address === undefined)
    throw new CocoonError('ERR_OPTIONS', 'the sender does not tell its address', { phase: 'options', field: 'sender' })
  const address = sender.address.toRawString()
  return {
    address,
    enforcesValidity: false,
    async send(messages: readonly WalletMessage[]): Promise<void> {
      for (const message of messages) {
        const cell = (boc: Uint8Array): Cell => Cell.fromHex(bytesToHex(boc))
        const body = message.body === undefined ? {} : { body: cell(message.body) }
        const init =
          message.stateInit === undefined ? {} : { init: loadStateInit(cell(message.stateInit).beginParse()) }
        try {
          await sender.send({
            to: Address.parseRaw(rawAddress(message.to)),
            value: message.valueNano,
            bounce: message.bounce,
            sendMode: SendMode.PAY_GAS_SEPARATELY,
            ...body,
            ...init
          })
        } catch (cause) {
          throw mayHaveLeft('the sender failed, and the message may have left', cause)
        }
      }
    }
  }
}

/** A request as TON Connect takes it. */
export interface TonConnectRequest {
  readonly validUntil: number
  /** `-239` main network, `-3` test network. */
  readonly network: string
  readonly from: string
  readonly messages: readonly {
    readonly address: string
    readonly amount: string
    readonly stateInit?: string
    readonly payload?: string
  }[]
}

/** The part of `@tonconnect/sdk`'s `TonConnect` that is used. */
export interface TonConnectLike {
  sendTransaction(request: TonConnectRequest & { messages: TonConnectRequest['messages'][number][] }): Promise<unknown>
}

/** Options of {@link tonConnectSigner}. */
export interface TonConnectSignerOptions {
  readonly connector: TonConnectLike
  /** Address of the connected wallet. */
  readonly address: AddressInput
  readonly testnet?: boolean | undefined
}

/** Builds the request that a wallet is asked to confirm. */
export function tonConnectRequest(
  from: AddressInput,
  messages: readonly WalletMessage[],
  options: { readonly validUntilUnix: number; readonly testnet?: boolean | undefined }
): TonConnectRequest {
  return {
    validUntil: options.validUntilUnix,
    network: options.testnet === true ? '-3' : '-239',
    from: rawAddress(from),
    messages: messages.map((message) => ({
      address: Address.parseRaw(rawAddress(message.to)).toString({ bounceable: message.bounce, urlSafe: true }),
      amount: message.valueNano.toString(),
      ...(message.stateInit !== undefined && { stateInit: encodeBase64(message.stateInit) }),
      ...(message.body !== undefined && { payload: encodeBase64(message.body) })
    }))
  }
}

/** Code of TON Connect's "the user declined" error, as wallets send it. */
const USER_REJECTED = 300
/**
 * What the SDK's own error for it carries: neither a code nor a name, and the name of its class does not outlive a
 * minifier (`UserRejectsError.info`, @tonconnect/sdk 3.4.1).
 */
const USER_REJECTED_INFO = 'User rejects the action in the wallet.'

/** A person's wallet behind TON Connect (`@tonconnect/sdk` is the caller's). */
export function tonConnectSigner(options: TonConnectSignerOptions): Signer {
  return {
    address: rawAddress(options.address),
    enforcesValidity: true,
    async send(messages: readonly WalletMessage[], { validUntilUnix }: SignerSendOptions): Promise<void> {
      const request = tonConnectRequest(options.address, messages, { validUntilUnix, testnet: options.testnet })
      try {
        await options.connector.sendTransaction({ ...request, messages: [...request.messages] })
      } catch (cause) {
        if (isDeclined(cause)) throw new CocoonError('ERR_ABORTED', 'the wallet declined', { phase: 'channel', cause })
        throw mayHaveLeft('the wallet failed, and the message may have left', cause)
      }
    }
  }
}

function isDeclined(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false
  const { code, info } = error as { code?: unknown; info?: unknown }
  return code === USER_REJECTED || info === USER_REJECTED_INFO
}
