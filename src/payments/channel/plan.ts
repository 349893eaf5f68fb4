/**
 * Plans: what a step would send, cost, change and risk, computed on a fresh view. A plan moves nothing.
 *
 * @module
 */
import { CocoonError } from '../../errors.js'
import {
  encodeClientMessage,
  KNOWN_CLIENT_CODES,
  MIN_CONTRACT_TON_NANO,
  MIN_MESSAGE_VALUE_NANO,
  NET_COST_NANO,
  parseSignedCharge,
  repackSignedCharge,
  VALUE_MARGIN_NANO,
  type ClientMessage
} from '../contracts/index.js'
import { hexToBytes } from '../../encoding/index.js'
import { closeRisks, codeRisks, depositRisks, forcedCloseRisks, payoutRisks, stakeRisks, type Risk } from './risks.js'
import type { ChannelPhase, ChannelView } from './view.js'

/** What can be done with a channel. Amounts are the caller's own, in nanotons. */
export type ChannelAction =
  | { readonly kind: 'open'; readonly depositNano: bigint; readonly secretHash: string }
  | { readonly kind: 'register'; readonly nonce: bigint }
  | { readonly kind: 'top-up'; readonly amountNano: bigint }
  | { readonly kind: 'set-secret'; readonly secretHash: string }
  | { readonly kind: 'increase-stake'; readonly newStakeNano: bigint }
  | { readonly kind: 'charge' }
  | { readonly kind: 'withdraw' }
  | { readonly kind: 'close' }
  | { readonly kind: 'refund' }

/** Name of an action. */
export type ChannelActionKind = ChannelAction['kind']

/** A step as it would happen. */
export interface ChannelPlan {
  readonly action: ChannelAction
  /** Raw address of the client contract. */
  readonly contract: string
  readonly phaseBefore: ChannelPhase
  /**
   * Least value that the message must carry, with a margin for storage and forwarding. Proposed, never used by itself: the
   * caller passes the value to `send`, and what is not needed comes back.
   */
  readonly minimumValueNano: bigint
  /** Part of the value that is credited to the balance. */
  readonly creditedNano: bigint
  /** Estimate of what gas and forwarding cost; the rest of the value comes back to the owner. */
  readonly feesNano: bigint
  /** What the proxy contract pays to the owner. */
  readonly payoutNano: bigint
  /** Whether the message also deploys the contract. */
  readonly deploys: boolean
  /** What will be different afterwards, for people. */
  readonly effects: readonly string[]
  /** What must be acknowledged by name before this is sent. */
  readonly risks: readonly Risk[]
  /** Remarks that need no acknowledgement. */
  readonly warnings: readonly string[]
}

function wrongPhase(action: ChannelAction, view: ChannelView): CocoonError {
  const remedy =
    view.phase === 'closed' ? 'use another owner address, or wait until the network changes its params' : undefined
  return new CocoonError('ERR_CHANNEL_STATE', `${action.kind} is not possible while the channel is ${view.phase}`, {
    phase: 'channel',
    remedy
  })
}

const PHASES: Readonly<Record<ChannelActionKind, readonly ChannelPhase[]>> = {
  open: ['none'],
  register: ['none', 'open', 'closing'],
  'top-up': ['open'],
  'set-secret': ['open', 'closing'],
  'increase-stake': ['open', 'closing'],
  charge: ['open', 'closing'],
  withdraw: ['open'],
  close: ['open'],
  refund: ['closing']
}

interface Details {
  readonly creditedNano?: bigint
  readonly payoutNano?: bigint
  readonly feesNano: bigint
  readonly effects: readonly string[]
  readonly risks: readonly Risk[]
  readonly warnings?: readonly string[]
}

/** Refuses what the contracts would refuse, before anything is spent. */
function assertPayable(action: ChannelAction, view: ChannelView): void {
  const { root } = view
  // Getting money out must stay possible under params that we do not understand.
  if (['withdraw', 'close', 'refund'].includes(action.kind)) return
  if (!root.understood)
    throw new CocoonError(
      'ERR_CONTRACT_VERSION',
      `struct version ${root.structVersion} of the network is not understood`,
      { phase: 'channel' }
    )
  const known = root.clientCodeHash === null ? undefined : KNOWN_CLIENT_CODES[root.clientCodeHash]
  if (known !== undefined && known.structVersion !== root.structVersion) {
    throw new CocoonError(
      'ERR_CONTRACT_VERSION',
      `the contract code accepts struct version ${known.structVersion}, the network has ${root.structVersion}`,
      { phase: 'channel' }
    )
  }
}

function depositDetails(view: ChannelView, amountNano: bigint, kind: 'open' | 'top-up'): Details {
  if (typeof amountNano !== 'bigint' || amountNano < 0n)
    throw new CocoonError('ERR_OPTIONS', 'the amount must be a bigint ≥ 0', { phase: 'options', field: 'amountNano' })
  const effects = [`the balance grows by ${amountNano} nanotons, held by the proxy contract`]
  if (kind === 'open') effects.unshift('the client contract is deployed', 'the secret is set')
  const warnings = ['whoever controls the proxy key can charge the whole balance']
  return {
    creditedNano: amountNano,
    feesNano: NET_COST_NANO[kind === 'open' ? 'change-secret-and-top-up' : 'top-up'],
    effects,
    risks: depositRisks(view, amountNano),
    warnings
  }
}

function withdrawDetails(view: ChannelView): Details {
  const payoutNano = (view.client?.balanceNano ?? 0n) - (view.client?.stakeNano ?? 0n)
  if (payoutNano <= 0n)
    throw new CocoonError('ERR_CHANNEL_STATE', 'nothing to withdraw: the balance does not exceed the stake', {
      phase: 'channel'
    })
  return {
    payoutNano,
    feesNano: NET_COST_NANO.withdraw,
    effects: [`${payoutNano} nanotons are paid to the owner`],
    risks: payoutRisks(view, payoutNano)
  }
}

function chargeDetails(view: ChannelView): Details {
  const tokens = view.bestCharge?.tokens ?? 0n
  const used = view.client?.tokensUsed ?? 0n
  if (tokens <= used)
    throw new CocoonError('ERR_CHANNEL_STATE', 'no signed charge above what is charged already', { phase: 'channel' })
  const price = view.client?.pricePerTokenNano ?? 0n
  return {
    feesNano: NET_COST_NANO.charge,
    effects: [`${tokens - used} tokens are charged: the balance falls by ${(tokens - used) * price} nanotons`],
    risks: []
  }
}

function closeDetails(view: ChannelView): Details {
  const above = (view.client?.balanceNano ?? 0n) - (view.client?.stakeNano ?? 0n)
  return {
    payoutNano: above > 0n ? above : 0n,
    feesNano: NET_COST_NANO['request-refund'],
    effects: [
      'the channel is closing; the proxy grants the rest, usually within a minute',
      `a forced close is possible ${view.root.clientDelayBeforeCloseSeconds} s later`
    ],
    risks: closeRisks(view),
    warnings: [
      'no request is served while closing',
      "on a grant the contract's own TON above 0.01 goes to the proxy's wallet"
    ]
  }
}

function refundDetails(view: ChannelView): Details {
  const { client, proxy } = view
  if (client !== null && view.nowUnix <= client.unlockAtUnix) {
    throw new CocoonError(
      'ERR_CHANNEL_STATE',
      `a forced close is possible ${client.unlockAtUnix - view.nowUnix} s from now`,
      { phase: 'channel', remedy: "wait for the proxy's grant" }
    )
  }
  const balanceNano = client?.balanceNano ?? 0n
  const covered =
    proxy?.phase === 'closed' || (proxy?.stakeNano ?? 0n) > balanceNano ? balanceNano : (proxy?.stakeNano ?? 0n)
  return {
    payoutNano: covered,
    feesNano: NET_COST_NANO['request-refund'],
    effects: ['the channel is closed for good', `${covered} of ${balanceNano} nanotons are paid to the owner`],
    risks: forcedCloseRisks(view)
  }
}

function detailsOf(action: ChannelAction, view: ChannelView): Details {
  switch (action.kind) {
    case 'open':
      return depositDetails(view, action.depositNano, 'open')
    case 'top-up':
      return depositDetails(view, action.amountNano, 'top-up')
    case 'register':
      return {
        feesNano: NET_COST_NANO.register,
        effects: ['the proxy learns that this connection belongs to the owner'],
        risks: codeRisks(view, MIN_MESSAGE_VALUE_NANO)
      }
    case 'set-secret':
      return {
        feesNano: NET_COST_NANO['change-secret'],
        effects: ['the old secret stops working'],
        risks: [],
        warnings: ['keep the new secret before sending: without it the account is locked out']
      }
    case 'increase-stake':
      if (action.newStakeNano <= (view.client?.stakeNano ?? 0n))
        throw new CocoonError('ERR_OPTIONS', 'the new stake must be greater than the present one', {
          phase: 'options',
          field: 'newStakeNano'
        })
      return {
        feesNano: NET_COST_NANO['increase-stake'],
        effects: [`the stake becomes ${action.newStakeNano} nanotons`],
        risks: stakeRisks(view, action.newStakeNano)
      }
    case 'charge':
      return chargeDetails(view)
    case 'withdraw':
      return withdrawDetails(view)
    case 'close':
      return closeDetails(view)
    case 'refund':
      return refundDetails(view)
  }
}

/**
 * Least value: 0.1 TON and the amount, what the contract lacks of the 0.11 TON that it keeps (payments.md §2), and a margin
 * for what happens on the way. What is not needed comes back.
 */
function minimumValue(view: ChannelView, creditedNano: bigint): bigint {
  const lacking = MIN_CONTRACT_TON_NANO - view.contractTonNano
  return MIN_MESSAGE_VALUE_NANO + creditedNano + VALUE_MARGIN_NANO + (lacking > 0n ? lacking : 0n)
}

/**
 * Plans an action.
 *
 * @throws CocoonError `ERR_CHANNEL_STATE` when the contracts would refuse it, `ERR_CONTRACT_VERSION` when paying is not
 * possible, `ERR_OPTIONS` for an amount that cannot be.
 */
export function planAction(action: ChannelAction, view: ChannelView): ChannelPlan {
  if (!Object.hasOwn(PHASES, action.kind))
    throw new CocoonError('ERR_OPTIONS', 'unknown action', { phase: 'options', field: 'kind' })
  if (!PHASES[action.kind].includes(view.phase)) throw wrongPhase(action, view)
  assertPayable(action, view)
  const deploys = view.client === null
  if (deploys && view.identity.stateInit === null)
    throw new CocoonError('ERR_CHANNEL_STATE', 'the contract is not deployed and its code is not known', {
      phase: 'channel'
    })
  const details = detailsOf(action, view)
  const creditedNano = details.creditedNano ?? 0n
  return {
    action,
    contract: view.identity.contract,
    phaseBefore: view.phase,
    minimumValueNano: minimumValue(view, creditedNano),
    creditedNano,
    feesNano: details.feesNano,
    payoutNano: details.payoutNano ?? 0n,
    deploys,
    effects: details.effects,
    risks: details.risks,
    warnings: details.warnings ?? []
  }
}

/** The body of a planned action, with the change going to the owner. @throws CocoonError `ERR_OPTIONS` | `ERR_ENCODING`. */
export function buildActionBody(
  action: ChannelAction,
  view: ChannelView,
  queryId: bigint
): { readonly body: Uint8Array; readonly queryId: bigint } {
  const excess = view.identity.owner
  const of = (message: ClientMessage): { body: Uint8Array; queryId: bigint } => ({
    body: encodeClientMessage(message),
    queryId
  })
  switch (action.kind) {
    case 'open':
      return of({
        type: 'change-secret-and-top-up',
        queryId,
        amountNano: action.depositNano,
        secretHash: action.secretHash,
        excess
      })
    case 'register':
      return of({ type: 'register', queryId, nonce: action.nonce, excess })
    case 'top-up':
      return of({ type: 'top-up', queryId, amountNano: action.amountNano, excess })
    case 'set-secret':
      return of({ type: 'change-secret', queryId, secretHash: action.secretHash, excess })
    case 'increase-stake':
      return of({ type: 'increase-stake', queryId, newStakeNano: action.newStakeNano, excess })
    case 'withdraw':
      return of({ type: 'withdraw', queryId, excess })
    case 'close':
    case 'refund':
      return of({ type: 'request-refund', queryId, excess })
    case 'charge': {
      const boc = hexToBytes(view.bestCharge?.boc ?? '')
      // The signature covers the query id, so a charge keeps its own.
      return { body: repackSignedCharge(boc, excess), queryId: parseSignedCharge(boc).queryId }
    }
  }
}
