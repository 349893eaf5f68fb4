/**
 * Contract addresses from the root state. An address is the hash of code and initial data, so a peer cannot name a
 * contract of its own: what it says is compared with what is derived here, by workchain and hash. Source: contracts.md §2.
 *
 * @module
 */
import { beginCell, type Cell } from '@ton/core'
import {
  addressText,
  buildStateInit,
  cellToBoc,
  contractError,
  parseCell,
  stateInitAddress,
  storeHex256,
  toAddress,
  toHex256,
  type AddressInput,
  type Bits256Input
} from './cells.js'
import type { RootState } from './root-state.js'

/** Who the proxy contract belongs to. */
export interface ProxyIdentity {
  /** Owner of the proxy contract. */
  readonly proxyOwner: AddressInput
  /** The proxy's machine key, 32 bytes. */
  readonly proxyPublicKey: Bits256Input
  /** Address of the network's root contract. */
  readonly root: AddressInput
}

/** Who the client contract belongs to. */
export interface ClientIdentity {
  /** The address that will send the owner's messages. */
  readonly owner: AddressInput
  /** Address of the proxy contract. */
  readonly proxy: AddressInput
  readonly proxyPublicKey: Bits256Input
}

/** A contract that does not exist before somebody deploys it. */
export interface DerivedContract {
  /** Friendly, bounceable. */
  readonly address: string
  /** StateInit cell as a bag of cells. */
  readonly stateInit: Uint8Array
}

/** The parts of a {@link RootState} that a derivation needs. */
export type DerivationRoot = Pick<RootState, 'cells' | 'minClientStakeNano'>

function requireCode(code: Uint8Array | null, what: string): Cell {
  if (code === null) throw contractError(`the root state publishes no ${what} code`)
  return parseCell(code, `${what} code`)
}

function derive(code: Cell, data: Cell): DerivedContract {
  const stateInit = buildStateInit(code, data)
  return { address: addressText(stateInitAddress(stateInit)), stateInit: cellToBoc(stateInit) }
}

/** Initial data of a proxy contract. */
export function buildProxyData(root: DerivationRoot, identity: ProxyIdentity): Cell {
  const builder = beginCell().storeAddress(toAddress(identity.proxyOwner, 'proxyOwner'))
  storeHex256(builder, toHex256(identity.proxyPublicKey, 'proxyPublicKey'))
  return builder
    .storeAddress(toAddress(identity.root, 'root'))
    .storeUint(0, 2)
    .storeCoins(0)
    .storeCoins(0)
    .storeUint(0, 32)
    .storeRef(parseCell(root.cells.proxyParams, 'proxy params'))
    .endCell()
}

/** Initial data of a client contract. */
export function buildClientData(root: DerivationRoot, identity: ClientIdentity): Cell {
  const constants = beginCell()
    .storeAddress(toAddress(identity.owner, 'owner'))
    .storeAddress(toAddress(identity.proxy, 'proxy'))
  storeHex256(constants, toHex256(identity.proxyPublicKey, 'proxyPublicKey'))
  return beginCell()
    .storeUint(0, 2)
    .storeCoins(0)
    .storeCoins(root.minClientStakeNano)
    .storeUint(0, 64)
    .storeUint(0, 32)
    .storeUint(0, 256)
    .storeRef(constants.endCell())
    .storeRef(parseCell(root.cells.clientParams, 'client params'))
    .endCell()
}

/** The proxy contract of a network, with its StateInit. @throws CocoonError `ERR_CONTRACT_STATE` | `ERR_ENCODING`. */
export function deriveProxyContract(root: DerivationRoot, identity: ProxyIdentity): DerivedContract {
  return derive(requireCode(root.cells.proxyCode, 'proxy'), buildProxyData(root, identity))
}

/** The client contract of an owner at a proxy contract, with its StateInit. @throws CocoonError `ERR_CONTRACT_STATE` | `ERR_ENCODING`. */
export function deriveClientContract(root: DerivationRoot, identity: ClientIdentity): DerivedContract {
  return derive(requireCode(root.cells.clientCode, 'client'), buildClientData(root, identity))
}

/** Address of a proxy contract, friendly text. See {@link deriveProxyContract}. */
export function proxyAddress(root: DerivationRoot, identity: ProxyIdentity): string {
  return deriveProxyContract(root, identity).address
}

/** Address of a client contract, friendly text. See {@link deriveClientContract}. */
export function clientAddress(root: DerivationRoot, identity: ClientIdentity): string {
  return deriveClientContract(root, identity).address
}

/** Hash of an address's account id in hex with its workchain, `wc:hash`: equal exactly for the same account. */
export function rawAddress(address: AddressInput): string {
  return toAddress(address, 'address').toRawString()
}
