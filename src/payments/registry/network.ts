/**
 * Which network: the address of its root contract, and perhaps its state when there is no chain to ask.
 *
 * @module
 */
import { isSameAddress, rawAddress, type AddressInput } from '../contracts/index.js'

/** A network. */
export interface CocoonNetwork {
  readonly name: string
  /** Address of the root contract: the one thing that has to be trusted. */
  readonly rootAddress: AddressInput
  /** What the root state must say about itself; `undefined` = either. */
  readonly isTest?: boolean | undefined
  /** Root state as a bag of cells, for use without a chain, or as the oldest version that a chain source may show. */
  readonly state?: Uint8Array | undefined
}

/** The main network. Source: contracts.md §1.5. */
export const mainnet: CocoonNetwork = {
  name: 'mainnet',
  rootAddress: 'EQCns7bYSp0igFvS1wpb5wsZjCKCV19MD5AVzI4EyxsnU73k',
  isTest: false
}

/**
 * A test network by its root contract.
 *
 * @throws CocoonError `ERR_ENCODING` for an address that does not parse.
 */
export function testnet(rootAddress: AddressInput): CocoonNetwork {
  rawAddress(rootAddress)
  return { name: 'testnet', rootAddress, isTest: true }
}

/** A network whose root state is given as bytes; nothing is asked of a chain. @throws CocoonError `ERR_ENCODING`. */
export function offlineNetwork(rootAddress: AddressInput, state: Uint8Array): CocoonNetwork {
  const name = isSameAddress(rootAddress, mainnet.rootAddress) ? 'mainnet' : 'offline'
  return { name, rootAddress, state, ...(name === 'mainnet' && { isTest: false }) }
}
