/**
 * What becomes of a channel when the network's params change (session.md §11): every address moves, the old contract keeps
 * its coins until it is left, and requests need a new one. Plans both sides; sends nothing.
 *
 * @module
 */
import { CocoonError } from '../../errors.js'
import { parseProxyState, rawAddress, type AddressInput } from '../contracts/index.js'
import { EMPTY_SECRET_HASH } from './account.js'
import type { Channel, ChannelEnvironment } from './channel.js'
import { attachChannel, findChannel } from './find-channel.js'
import type { ChannelAction, ChannelPlan } from './plan.js'
import type { ChannelView } from './view.js'

/** The contract that is left. Plans are `null` where there is nothing to do, or the contract would refuse it now. */
export interface LeavingPlans {
  /** Submits the newest signed charge, so that what is owed is settled first. */
  readonly charge: ChannelPlan | null
  /** Pays out what exceeds the stake; a close does so too. */
  readonly withdraw: ChannelPlan | null
  /** The first step of a close. The proxy may grant without it: proxies leave old contracts by themselves. */
  readonly close: ChannelPlan | null
}

/** A channel before and after a change of params. */
export interface ChannelMigration {
  readonly paramsVersionBefore: number
  readonly paramsVersion: number
  /** The contract of earlier params. */
  readonly old: Channel
  readonly oldView: ChannelView
  /** Coins that lie in it, nanotons, also those that are owed. */
  readonly coinsNano: bigint
  readonly leave: LeavingPlans
  /** The same parties under the present params. */
  readonly next: Channel
  readonly nextView: ChannelView
  /**
   * Opens the new contract with the old secret and the stated deposit; `null` when it is deployed already, or when the old
   * secret is public. Look at its risks: until the proxy has moved, it is `proxy-not-deployed`.
   */
  readonly open: ChannelPlan | null
  /** Remarks, for people. */
  readonly warnings: readonly string[]
}

/** What is planned. */
export interface MigrationRequest {
  /** Address of the old client contract; it must be deployed. */
  readonly contract: AddressInput
  /** Deposit of the new one, nanotons. Default: the network's least stake, below which nothing can be withdrawn. */
  readonly depositNano?: bigint | undefined
}

const NO_SECRET = '0'.repeat(64)

/**
 * Plans to leave a contract of earlier params and to open its successor. Moves nothing: every amount is passed back to
 * `send`, on channels with a signer.
 *
 * @throws CocoonError `ERR_CHANNEL_STATE` when nothing is deployed there, or its params are the present ones;
 * `ERR_CONTRACT_STATE` | `ERR_CHAIN_*` | `ERR_REGISTRY_*` | `ERR_LEDGER`.
 */
export async function planMigration(
  request: MigrationRequest,
  environment: ChannelEnvironment
): Promise<ChannelMigration> {
  const old = await attachChannel(request.contract, environment)
  const oldView = await old.view()
  const { client, root } = oldView
  if (client === null || !oldView.outdated)
    throw new CocoonError('ERR_CHANNEL_STATE', 'the contract is of the present params', { phase: 'channel' })
  const next = await findChannel(
    {
      owner: old.identity.owner,
      proxyOwner: await proxyOwnerOf(old, environment),
      proxyPublicKey: old.identity.proxyPublicKey
    },
    environment
  )
  const nextView = await next.view()
  const isPublic = client.secretHash === EMPTY_SECRET_HASH || client.secretHash === NO_SECRET
  const depositNano = request.depositNano ?? root.minClientStakeNano
  const isMissing = nextView.phase === 'none'
  return {
    paramsVersionBefore: client.paramsVersion,
    paramsVersion: root.paramsVersion,
    old,
    oldView,
    coinsNano: client.balanceNano,
    leave: {
      charge: await planIfPossible(old, { kind: 'charge' }),
      withdraw: await planIfPossible(old, { kind: 'withdraw' }),
      close: client.balanceNano === 0n ? null : await planIfPossible(old, { kind: 'close' })
    },
    next,
    nextView,
    open:
      isMissing && !isPublic
        ? await planIfPossible(next, { kind: 'open', depositNano, secretHash: client.secretHash })
        : null,
    warnings: warningsOf(oldView, nextView, isPublic)
  }
}

/** The owner of the proxy contract, which the new addresses are derived from. */
async function proxyOwnerOf(old: Channel, { reader }: ChannelEnvironment): Promise<string> {
  const { data } = await reader.getAccount(old.identity.proxy)
  if (data === null)
    throw new CocoonError('ERR_CHANNEL_STATE', 'the old proxy contract is gone: its successor is not known', {
      phase: 'channel'
    })
  return rawAddress(parseProxyState(data).owner)
}

/** A plan, or `null` when the contracts would refuse it now. */
async function planIfPossible(channel: Channel, action: ChannelAction): Promise<ChannelPlan | null> {
  try {
    return await channel.plan(action)
  } catch (error) {
    if (CocoonError.is(error) && (error.code === 'ERR_CHANNEL_STATE' || error.code === 'ERR_CONTRACT_VERSION'))
      return null
    throw error
  }
}

function warningsOf(oldView: ChannelView, nextView: ChannelView, isPublic: boolean): readonly string[] {
  const warnings: string[] = []
  const coinsNano = oldView.client?.balanceNano ?? 0n
  if (coinsNano > 0n)
    warnings.push(`${coinsNano} nanotons stay in the old contract until the proxy grants them or it is closed`)
  if (oldView.pending.length > 0) warnings.push('a message to the old contract is pending')
  if (nextView.proxy === null) warnings.push('the proxy has not moved yet: its new contract is not deployed')
  if (isPublic) warnings.push('the old secret is not set or public: make a new one for the new contract')
  return warnings
}
