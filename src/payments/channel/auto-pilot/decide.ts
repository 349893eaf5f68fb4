/**
 * What an auto-pilot would do next with one channel: a pure function of what is known. It decides; the channel plans, and
 * the caps have the last word.
 *
 * @module
 */
import type { ChannelAction } from '../plan.js'
import type { ChannelView } from '../view.js'
import type { Evidence } from './evidence.js'
import type { AutoPilotLimits } from './limits.js'

/** Why nothing is sent for a channel. */
export type AutoPilotReason =
  | 'nothing-to-do'
  | 'not-open' // nothing is deployed; opening is the caller's
  | 'closing' // of the present params: closed by somebody else, who sees it through
  | 'closed' // nothing is left to do, ever
  | 'outdated' // made for earlier params, and no rule says to close it
  | 'draining' // outdated, and used or noticed too short a time ago
  | 'grant-due' // closing; the proxy has to grant the rest
  | 'grant-refused' // a forced close is possible and would forfeit coins: a person has to decide
  | 'overcharge' // the proxy took, or claimed, too much
  | 'message-pending' // the fate of a message is not known
  | 'wallet-busy' // another channel of the same owner has a message pending
  | 'settling' // a message ended a moment ago; sources may lag
  | 'messages-fail' // three messages in a row failed or expired
  | 'risk' // the plan has a risk that is not accepted, or cannot be
  | 'vetoed' // `onPlan` said no
  | 'value-too-small' // `messageValueNano` is below what the contract demands
  | 'owner-short' // the owner's wallet lacks the coins
  | 'cap' // a cap of the limits, or of the ledger

/** A decision: an action, or the reason for none. */
export type AutoPilotDecision = { readonly action: ChannelAction } | { readonly reason: AutoPilotReason }

/** What a decision is made from. */
export interface DecisionInput {
  readonly view: ChannelView
  readonly limits: AutoPilotLimits
  readonly evidence: Evidence
  /** Whether nobody else uses the account, so that every token must be explained by receipts. */
  readonly exclusive: boolean
  /** Since when this auto-pilot knows that the contract is outdated, Unix milliseconds. */
  readonly outdatedSinceMs: number
  readonly nowMs: number
}

/** Clocks of blocks and ours differ: a forced close waits this much longer. */
const UNLOCK_MARGIN_SECONDS = 120

const none = (reason: AutoPilotReason): AutoPilotDecision => ({ reason })

/** Nanotons that are signed for and not charged yet. */
export function unsettledNano({ client, bestCharge }: ChannelView): bigint {
  const tokens = (bestCharge?.tokens ?? 0n) - (client?.tokensUsed ?? 0n)
  return tokens > 0n ? tokens * (client?.pricePerTokenNano ?? 0n) : 0n
}

/** Whether receipts, their absence, or the sheer size of a charge speak against the proxy. */
function isOvercharging({ view, limits, evidence, exclusive }: DecisionInput): boolean {
  if (evidence.overcharge !== null) return true
  if (limits.charge !== undefined && unsettledNano(view) > limits.charge.maxUnsettledNano) return true
  if (!exclusive || evidence.claimedTokens === null) return false
  const signed = view.bestCharge?.tokens ?? 0n
  const charged = view.client?.tokensUsed ?? 0n
  return (signed > charged ? signed : charged) > evidence.claimedTokens
}

/** Decides. */
export function decide(input: DecisionInput): AutoPilotDecision {
  const { view } = input
  switch (view.phase) {
    case 'none':
    case 'deploying':
      return none('not-open')
    case 'closed':
      return none('closed')
    case 'closing':
      return isOutdated(view) ? decideClosing(input) : none('closing')
    case 'open':
      return isOutdated(view) ? decideOutdated(input) : decideOpen(input)
  }
}

/** Params only grow: a root with a smaller number is stale, and no reason to leave a contract. */
function isOutdated({ outdated, client, root }: ChannelView): boolean {
  return outdated && client !== null && root.paramsVersion > client.paramsVersion
}

function decideOpen(input: DecisionInput): AutoPilotDecision {
  const { view, limits } = input
  const { topUp, charge } = limits
  // Derived from other params, yet not older ones: the root is stale or another network's.
  if (view.outdated) return none('outdated')
  const unsettled = unsettledNano(view)
  const leftNano = (view.client?.balanceNano ?? 0n) - unsettled
  const wantsCharge = charge !== undefined && unsettled >= charge.fromUnsettledNano
  const wantsTopUp = topUp !== undefined && leftNano < topUp.belowNano
  if (!wantsCharge && !wantsTopUp) return none('nothing-to-do')
  if (isOvercharging(input)) return none('overcharge')
  if (wantsCharge) return { action: { kind: 'charge' } }
  return { action: { kind: 'top-up', amountNano: topUp?.byNano ?? 0n } }
}

function decideOutdated(input: DecisionInput): AutoPilotDecision {
  const { view, limits, evidence, nowMs, outdatedSinceMs } = input
  if ((view.client?.balanceNano ?? 0n) === 0n) return none('closed')
  const rule = limits.closeOutdated
  if (rule === undefined) return none('outdated')
  if (nowMs - Math.max(evidence.usedAtMs, outdatedSinceMs) < rule.quietForMs) return none('draining')
  // What is owed is settled before the contract closes; a proxy that claims too much must submit its claim itself.
  if (limits.charge !== undefined && unsettledNano(view) > 0n && !isOvercharging(input))
    return { action: { kind: 'charge' } }
  return { action: { kind: 'close' } }
}

function decideClosing({ view, limits }: DecisionInput): AutoPilotDecision {
  const { client, proxy } = view
  if (client === null || client.balanceNano === 0n) return none('closed')
  if (limits.closeOutdated === undefined || view.nowUnix <= client.unlockAtUnix + UNLOCK_MARGIN_SECONDS)
    return none('grant-due')
  // A closed proxy contract pays in full; a living one at most its stake. Never forfeit (payments.md §6 row 1).
  if (proxy?.phase === 'closed' || (proxy?.stakeNano ?? 0n) >= client.balanceNano) return { action: { kind: 'refund' } }
  return none('grant-refused')
}
