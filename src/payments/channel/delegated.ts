/**
 * Delegated channels: a sponsor pays for a user without seeing a prompt. Per user there is an owner wallet of the sponsor's
 * own key (a subwallet number gives each its own address), a fresh secret and a small channel, capped by what lies in it.
 * The user's page gets `{ owner, secret }` and nothing that can sign.
 *
 * @module
 */
import { CocoonError } from '../../errors.js'
import { isSameAddress, openStandardWallet, type Bits256Input, type SignHash } from '../contracts/index.js'
import type { ChainSender } from '../chain/index.js'
import { assertStrongSecret, createAccount, type Account } from './account.js'
import type { Channel, ChannelEnvironment, ChannelParties, Confirmation, SentMessage } from './channel.js'
import { findChannel } from './find-channel.js'
import { walletSigner, type Signer } from './signer.js'
import { sendTransfer, trackTransfers } from './transfer.js'

/** What a sponsor needs for one user. */
export interface DelegatedChannelOptions
  extends Omit<ChannelEnvironment, 'signer'>, Pick<ChannelParties, 'proxyOwner' | 'proxyPublicKey'> {
  /** The sponsor's main wallet: funds the channel and gets the rest back. */
  readonly sponsor: Signer
  /** Key of the owner wallets. */
  readonly publicKey: Bits256Input
  readonly sign: SignHash
  readonly sender: ChainSender
  /** 1…32767, one per user. Never use a number twice for different users under the same params: a closed channel's address is dead. */
  readonly subwallet: number
  readonly testnet?: boolean | undefined
  /** Secret of an earlier run; a fresh one when left out. */
  readonly secret?: Uint8Array | undefined
}

/** A user's channel in the sponsor's hands. */
export interface DelegatedChannel {
  /** For the user's page: owner address and secret. */
  readonly account: Account
  /** The channel, signed for by the owner wallet: open, top up, watch and close it as any other. */
  readonly channel: Channel
  /** Sends coins from the sponsor's wallet to the owner wallet. */
  fund(consent: Pick<Confirmation, 'valueNano' | 'capNano' | 'limits' | 'signal'>): Promise<SentMessage>
  /** Sends coins of the owner wallet back to the sponsor, after a close or a withdrawal. */
  sweep(consent: Pick<Confirmation, 'valueNano' | 'capNano' | 'limits' | 'signal'>): Promise<SentMessage>
  /** Finds out about transfers in both directions. @returns How many are pending. */
  trackTransfers(): Promise<number>
}

/** Prepares a user's channel. Sends nothing. @throws CocoonError `ERR_OPTIONS` | `ERR_ACCOUNT` | `ERR_CONTRACT_STATE` | `ERR_REGISTRY_*`. */
export async function prepareDelegatedChannel(options: DelegatedChannelOptions): Promise<DelegatedChannel> {
  if (!Number.isInteger(options.subwallet) || options.subwallet < 1)
    throw new CocoonError('ERR_OPTIONS', 'subwallet must be 1…32767', { phase: 'options', field: 'subwallet' })
  if (options.secret !== undefined) assertStrongSecret(options.secret)
  const wallet = await openStandardWallet({
    version: 'v5r1',
    publicKey: options.publicKey,
    subwallet: options.subwallet,
    testnet: options.testnet
  })
  if (isSameAddress(wallet.address, options.sponsor.address))
    throw new CocoonError('ERR_OPTIONS', "the owner wallet is the sponsor's own", {
      phase: 'options',
      field: 'subwallet'
    })
  const signer = walletSigner({ wallet, sign: options.sign, reader: options.reader, sender: options.sender })
  const channel = await findChannel(
    { owner: wallet.address, proxyOwner: options.proxyOwner, proxyPublicKey: options.proxyPublicKey },
    { ...options, signer }
  )
  const fresh = createAccount(wallet.address, options.random)
  return {
    account: options.secret === undefined ? fresh : { ...fresh, secret: options.secret },
    channel,
    fund: (consent) => sendTransfer(options.sponsor, { ...consent, to: wallet.address }, options),
    sweep: (consent) => sendTransfer(signer, { ...consent, to: options.sponsor.address }, options),
    trackTransfers: async () =>
      (await trackTransfers(wallet.address, options)) + (await trackTransfers(options.sponsor.address, options))
  }
}
