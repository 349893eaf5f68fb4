/**
 * Answers a proxy's demand for a long authorisation with a register message, inside limits that the caller wrote once.
 *
 * @module
 */
import { formatRawAddress, type TonAddress } from '../../encoding/index.js'
import { CocoonError } from '../../errors.js'
import { isSameAddress, type AddressInput } from '../contracts/index.js'
import type { ChannelEnvironment, Confirmation } from './channel.js'
import { findChannel } from './find-channel.js'

/** What a proxy asks for; the offer of a session fits. */
export interface LongAuthorizationRequest {
  readonly nonce: bigint
  readonly proxy: {
    readonly publicKey: Uint8Array
    readonly ownerAddress: TonAddress
    readonly contractAddress: TonAddress
  }
  readonly clientContractAddress: TonAddress
  readonly signal?: AbortSignal | undefined
}

/** Options of {@link createLongAuthorizer}. */
export interface LongAuthorizerOptions extends ChannelEnvironment {
  readonly owner: AddressInput
  /** Consent in advance: value and cap of one register message, risks, limits. Bound the number with the limits or the ledger's. */
  readonly confirmation: Omit<Confirmation, 'signal'>
}

/**
 * A function for the client's option `authorizeLong`.
 *
 * Its calls throw CocoonError `ERR_REGISTRY_MISMATCH` when the proxy names contracts that the root does not derive (nothing
 * is sent then), `ERR_LIMIT_EXCEEDED`, `ERR_CHANNEL_RISK` | `ERR_CHANNEL_STATE`, or the signer's error.
 */
export function createLongAuthorizer(
  options: LongAuthorizerOptions
): (offer: LongAuthorizationRequest) => Promise<void> {
  return async (offer) => {
    const parties = {
      owner: options.owner,
      proxyOwner: formatRawAddress(offer.proxy.ownerAddress),
      proxyPublicKey: offer.proxy.publicKey
    }
    const channel = await findChannel(parties, options)
    const { contract, proxy } = channel.identity
    if (!isSameAddress(contract, offer.clientContractAddress) || !isSameAddress(proxy, offer.proxy.contractAddress)) {
      throw new CocoonError('ERR_REGISTRY_MISMATCH', 'the proxy names contracts that the root state does not derive', {
        phase: 'authorization'
      })
    }
    await channel.track({ signal: offer.signal })
    const plan = await channel.register({ nonce: offer.nonce })
    await channel.send(plan, { ...options.confirmation, signal: offer.signal })
  }
}
