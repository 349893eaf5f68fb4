/**
 * State of client and proxy contracts as stored on chain. Source: contracts.md §2, §3.
 *
 * @module
 */
import { addressText, cellHashHex, loadHex256, parseCell, readWhole } from './cells.js'
import { parseParams } from './params.js'
import { contractError } from './cells.js'

/** Life of a client or proxy contract. `closed` is final for its address. */
export type ContractPhase = 'open' | 'closing' | 'closed'

const PHASES: readonly ContractPhase[] = ['open', 'closing', 'closed']

function phaseOf(state: number): ContractPhase {
  const phase = PHASES[state]
  if (phase === undefined) throw contractError(`contract state ${state} is unknown`)
  return phase
}

/** State of a client contract. */
export interface ClientContractState {
  readonly phase: ContractPhase
  /** Prepaid money; it lies in the proxy contract. */
  readonly balanceNano: bigint
  /** Part that cannot be withdrawn, and the limit of use that is not yet charged. */
  readonly stakeNano: bigint
  /** Cumulative adjusted tokens charged. */
  readonly tokensUsed: bigint
  /** Earliest time of a forced close; 0 unless closing. */
  readonly unlockAtUnix: number
  /** SHA-256 of the account secret, hex; zeros until set. */
  readonly secretHash: string
  readonly owner: string
  readonly proxy: string
  readonly proxyPublicKey: string
  readonly structVersion: number
  readonly paramsVersion: number
  readonly pricePerTokenNano: bigint
  readonly clientDelayBeforeCloseSeconds: number
  /** Hash of its params cell, hex; equal to the root's exactly when the contract is of the current params. */
  readonly paramsHash: string
}

/**
 * Parses the data of a client contract.
 *
 * @throws CocoonError `ERR_CONTRACT_STATE`.
 */
export function parseClientState(data: Uint8Array): ClientContractState {
  return readWhole(parseCell(data, 'client contract data'), 'client contract data', (slice) => {
    const state = {
      phase: phaseOf(slice.loadUint(2)),
      balanceNano: slice.loadCoins(),
      stakeNano: slice.loadCoins(),
      tokensUsed: slice.loadUintBig(64),
      unlockAtUnix: slice.loadUint(32),
      secretHash: loadHex256(slice)
    }
    const identity = readWhole(slice.loadRef(), 'client contract constants', (inside) => ({
      owner: addressText(inside.loadAddress()),
      proxy: addressText(inside.loadAddress()),
      proxyPublicKey: loadHex256(inside)
    }))
    const cell = slice.loadRef()
    const { params } = parseParams(cell)
    return {
      ...state,
      ...identity,
      structVersion: params.structVersion,
      paramsVersion: params.paramsVersion,
      pricePerTokenNano: params.pricePerTokenNano,
      clientDelayBeforeCloseSeconds: params.clientDelayBeforeCloseSeconds,
      paramsHash: cellHashHex(cell)
    }
  })
}

/** State of a proxy contract. */
export interface ProxyContractState {
  readonly phase: ContractPhase
  readonly owner: string
  readonly proxyPublicKey: string
  readonly root: string
  /** Earned and not yet paid out. Not the clients' deposits. */
  readonly balanceNano: bigint
  /** What covers a forced close of a client; almost always 0. */
  readonly stakeNano: bigint
  readonly unlockAtUnix: number
  readonly structVersion: number
  readonly paramsVersion: number
  readonly pricePerTokenNano: bigint
  readonly paramsHash: string
}

/** Parses the data of a proxy contract. @throws CocoonError `ERR_CONTRACT_STATE`. */
export function parseProxyState(data: Uint8Array): ProxyContractState {
  return readWhole(parseCell(data, 'proxy contract data'), 'proxy contract data', (slice) => {
    const state = {
      owner: addressText(slice.loadAddress()),
      proxyPublicKey: loadHex256(slice),
      root: addressText(slice.loadAddress()),
      phase: phaseOf(slice.loadUint(2)),
      balanceNano: slice.loadCoins(),
      stakeNano: slice.loadCoins(),
      unlockAtUnix: slice.loadUint(32)
    }
    const cell = slice.loadRef()
    const { params } = parseParams(cell)
    return {
      ...state,
      structVersion: params.structVersion,
      paramsVersion: params.paramsVersion,
      pricePerTokenNano: params.pricePerTokenNano,
      paramsHash: cellHashHex(cell)
    }
  })
}
