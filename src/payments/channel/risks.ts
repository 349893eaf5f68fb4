/**
 * Ways to lose money (payments.md §6), as named risks. A plan that carries one is not sent unless the caller acknowledges
 * it by name. What needs no name because the library cannot do it at all: a change address of none (row 6), plain
 * transfers (row 7), a deployment without a message (row 8), incomplete bodies (row 12).
 *
 * @module
 */
import { KNOWN_CLIENT_CODES } from '../contracts/index.js'
import type { ChannelView } from './view.js'

/** Name of a risk. Names are API. */
export type RiskId =
  | 'forced-close-forfeits' // row 1: a forced close pays at most the proxy's stake
  | 'forced-close-shared-stake' // row 2: another client may take the same stake first
  | 'deposit-while-closing' // row 3: comes back only by a grant or a forced close
  | 'proxy-not-deployed' // row 4: the deposit gets stuck in the client contract
  | 'proxy-params-differ' // row 4: as above
  | 'proxy-closed' // the proxy contract takes no part any more
  | 'proxy-short-of-ton' // row 5: the balance is lowered and nothing is paid
  | 'close-burns-address' // row 9: this owner cannot come back to this proxy under these params
  | 'outdated-params' // row 11: the proxy will leave this contract
  | 'deposit-below-stake' // only a grant returns it
  | 'stake-locks-balance' // a raised stake cannot be lowered
  | 'unknown-contract-code' // code that nobody has examined

/** A risk of a plan. */
export interface Risk {
  readonly id: RiskId
  readonly statement: string
  /** Most that can be lost, nanotons. */
  readonly mayLoseNano: bigint
}

function risk(id: RiskId, mayLoseNano: bigint, statement: string): Risk {
  return { id, statement, mayLoseNano }
}

/** Risks of paying anything into the network's contracts. */
export function codeRisks(view: ChannelView, amountNano: bigint): readonly Risk[] {
  const hash = view.root.clientCodeHash
  if (hash !== null && Object.hasOwn(KNOWN_CLIENT_CODES, hash)) return []
  return [risk('unknown-contract-code', amountNano, 'the network runs contract code that this library does not know')]
}

/** Risks of putting money into a channel. Rows 3, 4, 11 and the grant-only return. */
export function depositRisks(view: ChannelView, amountNano: bigint): readonly Risk[] {
  const risks: Risk[] = [...codeRisks(view, amountNano)]
  const { proxy, client, root } = view
  if (proxy === null)
    risks.push(
      risk(
        'proxy-not-deployed',
        amountNano,
        'the proxy contract is not deployed: the deposit would stay behind in the client contract'
      )
    )
  else if (proxy.structVersion !== root.structVersion || proxy.paramsVersion !== root.paramsVersion) {
    risks.push(
      risk(
        'proxy-params-differ',
        amountNano,
        'the proxy contract has other params than the network: the deposit may get stuck'
      )
    )
  }
  if (proxy !== null && proxy.phase !== 'open')
    risks.push(risk('proxy-closed', amountNano, `the proxy contract is ${proxy.phase}`))
  if (view.phase === 'closing')
    risks.push(
      risk(
        'deposit-while-closing',
        amountNano,
        'the channel is closing: the deposit comes back only by a grant or a forced close'
      )
    )
  if (view.outdated)
    risks.push(risk('outdated-params', amountNano, 'the network has new params: the proxy leaves this contract'))
  const stakeNano = client?.stakeNano ?? root.minClientStakeNano
  const balanceNano = (client?.balanceNano ?? 0n) + amountNano
  if (amountNano > 0n && balanceNano <= stakeNano) {
    risks.push(
      risk(
        'deposit-below-stake',
        balanceNano,
        'the balance does not exceed the stake: only a grant by the proxy, or a covered forced close, returns it'
      )
    )
  }
  return risks
}

/** Risks of asking the proxy contract to pay out. Row 5. */
export function payoutRisks(view: ChannelView, payoutNano: bigint): readonly Risk[] {
  if (payoutNano <= 0n) return []
  if (view.proxy === null)
    return [risk('proxy-not-deployed', payoutNano, 'the proxy contract is not deployed and can pay nothing')]
  // Its stake and earnings are not the clients', but the contract pays out of one purse.
  if (view.proxyTonNano >= payoutNano) return []
  return [
    risk(
      'proxy-short-of-ton',
      payoutNano,
      `the proxy contract holds ${view.proxyTonNano} nanotons and should pay ${payoutNano}: it would refuse after the balance was lowered`
    )
  ]
}

/** Risks of the first step of a close. Row 9. */
export function closeRisks(view: ChannelView): readonly Risk[] {
  const balanceNano = view.client?.balanceNano ?? 0n
  const burns = risk(
    'close-burns-address',
    0n,
    'this owner cannot open a channel at this proxy again until the network changes its params'
  )
  const above = balanceNano - (view.client?.stakeNano ?? 0n)
  // The address of earlier params has no future that a close could take away.
  return [...(view.outdated ? [] : [burns]), ...payoutRisks(view, above > 0n ? above : 0n)]
}

/** Risks of the forced second step. Rows 1 and 2. */
export function forcedCloseRisks(view: ChannelView): readonly Risk[] {
  const balanceNano = view.client?.balanceNano ?? 0n
  if (balanceNano === 0n) return []
  if (view.proxy?.phase === 'closed') return payoutRisks(view, balanceNano)
  const stakeNano = view.proxy?.stakeNano ?? 0n
  if (stakeNano < balanceNano) {
    return [
      risk(
        'forced-close-forfeits',
        balanceNano - stakeNano,
        `the proxy contract pays at most its stake of ${stakeNano} nanotons; the rest of ${balanceNano} is lost for good`
      )
    ]
  }
  return [
    risk(
      'forced-close-shared-stake',
      balanceNano,
      'the stake covers this balance now, but another client may take it first'
    ),
    ...payoutRisks(view, balanceNano)
  ]
}

/** Risk of a raised stake. */
export function stakeRisks(view: ChannelView, newStakeNano: bigint): readonly Risk[] {
  const balanceNano = view.client?.balanceNano ?? 0n
  if (newStakeNano <= (view.client?.stakeNano ?? 0n)) return []
  const locked = balanceNano < newStakeNano ? balanceNano : newStakeNano
  return [
    risk(
      'stake-locks-balance',
      locked,
      'a stake cannot be lowered: that part of the balance comes back only by a grant or a covered forced close'
    )
  ]
}
