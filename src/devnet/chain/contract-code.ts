/**
 * Code of the contracts on a devnet's chain: our own, or what the caller brings, e.g. the code of the main network.
 *
 * @module
 */
import { Cell } from '@ton/core'
import { CocoonError } from '../../errors.js'
import { DEVNET_CONTRACTS, type DevnetContractName } from './contracts.generated.js'

/** Code of contracts, bags of cells. What is not given is the devnet's own. */
export interface DevnetContractCodes {
  readonly proxy?: Uint8Array | undefined
  readonly worker?: Uint8Array | undefined
  readonly client?: Uint8Array | undefined
  /** The wallets that own the proxy contracts. */
  readonly wallet?: Uint8Array | undefined
}

const own = new Map<DevnetContractName, Cell>()

function ownCode(name: DevnetContractName): Cell {
  // Parsed once: cells are immutable, and the code is a good part of what a start has to hash.
  const cell = own.get(name) ?? Cell.fromBase64(DEVNET_CONTRACTS[name].code)
  own.set(name, cell)
  return cell
}

/** Gives the code of a contract. */
export type ContractCode = (name: DevnetContractName) => Cell

/** The devnet's codes, some of them replaced. @throws CocoonError `ERR_OPTIONS` for bytes that are no cell. */
export function contractCode(given: DevnetContractCodes = {}): ContractCode {
  const replaced = new Map<string, Cell>()
  for (const name of ['proxy', 'worker', 'client', 'wallet'] as const) {
    const boc = given[name]
    if (boc !== undefined) replaced.set(name, readCode(name, boc))
  }
  return (name) => replaced.get(name) ?? ownCode(name)
}

function readCode(name: string, boc: Uint8Array): Cell {
  try {
    const roots = Cell.fromBoc(Buffer.from(boc))
    const [root] = roots
    if (root !== undefined && roots.length === 1) return root
  } catch {
    // Told below, as everything else that is no code.
  }
  throw new CocoonError('ERR_OPTIONS', `the code of the ${name} contract is not a bag of cells with one root`, {
    phase: 'options',
    field: 'chain.codes'
  })
}
