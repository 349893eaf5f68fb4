/**
 * Finds channels: by their parties under the present params, or by the address of a contract of earlier params.
 *
 * @module
 */
import { bytesToHex } from '../../encoding/index.js'
import { CocoonError } from '../../errors.js'
import { parseClientState, rawAddress, type AddressInput } from '../contracts/index.js'
import { deriveClient, deriveProxy } from '../registry/index.js'
import { EMPTY_SECRET_HASH } from './account.js'
import { Channel, type ChannelEnvironment, type ChannelParties } from './channel.js'
import type { ChannelView } from './view.js'

/** The channel of these parties under the network's present params. @throws CocoonError `ERR_CONTRACT_STATE` | `ERR_ENCODING` | `ERR_REGISTRY_*`. */
export async function findChannel(parties: ChannelParties, environment: ChannelEnvironment): Promise<Channel> {
  const snapshot = await environment.registry.get()
  const proxy = deriveProxy(snapshot, parties)
  const client = deriveClient(snapshot, {
    owner: parties.owner,
    proxy: proxy.address,
    proxyPublicKey: parties.proxyPublicKey
  })
  const key =
    typeof parties.proxyPublicKey === 'string'
      ? parties.proxyPublicKey.toLowerCase()
      : bytesToHex(parties.proxyPublicKey)
  return new Channel(
    {
      owner: rawAddress(parties.owner),
      proxy: rawAddress(proxy.address),
      proxyPublicKey: key,
      contract: rawAddress(client.address),
      stateInit: client.stateInit
    },
    environment
  )
}

/**
 * A channel by the address of its contract, which must be deployed: for contracts of earlier params, which the present
 * root does not derive any more but whose coins must be fetched.
 *
 * @throws CocoonError `ERR_CHANNEL_STATE` when nothing is deployed there.
 */
export async function attachChannel(contract: AddressInput, environment: ChannelEnvironment): Promise<Channel> {
  const account = await environment.reader.getAccount(typeof contract === 'string' ? contract : rawAddress(contract))
  if (account.data === null)
    throw new CocoonError('ERR_CHANNEL_STATE', 'no contract is deployed there', { phase: 'channel' })
  const { owner, proxy, proxyPublicKey } = parseClientState(account.data)
  return new Channel(
    {
      owner: rawAddress(owner),
      proxy: rawAddress(proxy),
      proxyPublicKey,
      contract: rawAddress(contract),
      stateInit: null
    },
    environment
  )
}

/** Whether everybody could authenticate as this owner: the chain shows the hash of an empty secret. */
export function hasPublicSecret(view: ChannelView): boolean {
  return view.client?.secretHash === EMPTY_SECRET_HASH
}
