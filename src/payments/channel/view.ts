/**
 * What is true about a channel now: both contracts, the owner's money, what is pending. Read fresh before every plan and
 * again before every send; a state that cannot be the channel's is refused.
 *
 * @module
 */
import { CocoonError } from '../../errors.js'
import type { AccountState, ChainCallOptions, ChainReader, TransactionId } from '../chain/index.js'
import {
  bocHash,
  isSameAddress,
  parseClientState,
  parseProxyState,
  rawAddress,
  type ClientContractState,
  type ProxyContractState,
  type RootState
} from '../contracts/index.js'
import { isFinal, type JournalEntry, type Ledger } from './ledger.js'

/** Life of a channel. `deploying`: the message that creates the contract was sent and has not been seen. */
export type ChannelPhase = 'none' | 'deploying' | 'open' | 'closing' | 'closed'

/** Who and where a channel is. */
export interface ChannelIdentity {
  /** Raw address of the owner. */
  readonly owner: string
  /** Raw address of the proxy contract. */
  readonly proxy: string
  /** Hex. */
  readonly proxyPublicKey: string
  /** Raw address of the client contract. */
  readonly contract: string
  /** Deploys the client contract; `null` for a channel that is known only by its contract. */
  readonly stateInit: Uint8Array | null
}

/** A channel at one moment. */
export interface ChannelView {
  readonly phase: ChannelPhase
  readonly identity: ChannelIdentity
  readonly root: RootState
  /** `null` unless deployed. */
  readonly client: ClientContractState | null
  /** The client contract's own TON, which is gas money and not the balance. */
  readonly contractTonNano: bigint
  /** `null` unless deployed. */
  readonly proxy: ProxyContractState | null
  /** All TON of the proxy contract: the deposits of its clients, its stake, its earnings. */
  readonly proxyTonNano: bigint
  readonly ownerTonNano: bigint
  /** Highest verified charge, as a bag of cells with its tokens. */
  readonly bestCharge: { readonly tokens: bigint; readonly boc: string } | null
  /** Messages whose end is not known. */
  readonly pending: readonly JournalEntry[]
  /** Whether the contract was made for other params than the network has now: its proxy will leave it. */
  readonly outdated: boolean
  /** Newest transaction of the client contract that this state includes; `null` when the source does not tell. */
  readonly lastTransaction: TransactionId | null
  readonly nowUnix: number
  /** How the states are known. */
  readonly trust: readonly string[]
}

function wrongState(message: string): CocoonError {
  return new CocoonError('ERR_CONTRACT_STATE', message, { phase: 'channel' })
}

/** The client contract's state, checked to be of this channel. */
function readClient(
  account: AccountState,
  identity: ChannelIdentity,
  root: RootState,
  outdatedOk: boolean
): ClientContractState | null {
  if (account.status === 'frozen') throw wrongState('the client contract is frozen')
  if (account.status !== 'active' || account.data === null || account.code === null) return null
  const state = parseClientState(account.data)
  if (
    !isSameAddress(state.owner, identity.owner) ||
    !isSameAddress(state.proxy, identity.proxy) ||
    state.proxyPublicKey !== identity.proxyPublicKey
  ) {
    throw wrongState('the client contract belongs to another owner or proxy')
  }
  // Code of other params may differ legitimately; a contract of the current params must have the current code.
  if (!outdatedOk && bocHash(account.code) !== root.clientCodeHash)
    throw wrongState('the client contract has other code than the network publishes')
  return state
}

function readProxy(account: AccountState, identity: ChannelIdentity): ProxyContractState | null {
  if (account.status !== 'active' || account.data === null) return null
  const state = parseProxyState(account.data)
  if (state.proxyPublicKey !== identity.proxyPublicKey) throw wrongState('the proxy contract has another key')
  return state
}

function phaseOf(client: ClientContractState | null, pending: readonly JournalEntry[]): ChannelPhase {
  if (client !== null) return client.phase
  return pending.some((entry) => entry.intent.kind === 'open') ? 'deploying' : 'none'
}

/** What {@link readView} reads with. */
export interface ViewSources {
  readonly reader: ChainReader
  readonly ledger: Ledger
  readonly root: RootState
  readonly nowMs: number
}

/** Reads a channel. @throws CocoonError `ERR_CONTRACT_STATE` | `ERR_CHAIN_*` | `ERR_LEDGER`. */
export async function readView(
  identity: ChannelIdentity,
  sources: ViewSources,
  call: ChainCallOptions = {}
): Promise<ChannelView> {
  const { reader, ledger, root, nowMs } = sources
  await ledger.refresh()
  const [clientAccount, proxyAccount, ownerAccount] = await Promise.all([
    reader.getAccount(identity.contract, call),
    reader.getAccount(identity.proxy, call),
    reader.getAccount(identity.owner, call)
  ])
  const raw = clientAccount.data === null ? null : parseClientState(clientAccount.data)
  const outdated = raw !== null && raw.paramsHash !== bocHash(root.cells.clientParams)
  const client = readClient(clientAccount, identity, root, outdated)
  const contract = rawAddress(identity.contract)
  const pending = ledger.journal(contract).filter((entry) => !isFinal(entry.outcome))
  const best = ledger.bestCharge(contract)
  return {
    phase: phaseOf(client, pending),
    identity,
    root,
    client,
    contractTonNano: clientAccount.balanceNano,
    proxy: readProxy(proxyAccount, identity),
    proxyTonNano: proxyAccount.balanceNano,
    ownerTonNano: ownerAccount.balanceNano,
    bestCharge: best && { tokens: best.tokens, boc: best.boc },
    pending,
    outdated,
    lastTransaction: clientAccount.lastTransaction,
    nowUnix: Math.floor(nowMs / 1000),
    trust: clientAccount.trust
  }
}
