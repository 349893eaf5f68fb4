/**
 * One state of the root contract, with what callers derive from it: proxies, images, prices, keys, contract addresses.
 *
 * @module
 */
import { hexToBytes, formatRawAddress, type TonAddress } from '../../encoding/index.js'
import { PUBLISHED_TEST_KEY } from '../../envelope/index.js'
import { CocoonError } from '../../errors.js'
import {
  deriveClientContract,
  deriveProxyContract,
  isSameAddress,
  type AddressInput,
  type Bits256Input,
  type ClientIdentity,
  type DerivedContract,
  type RegisteredProxy,
  type RootState
} from '../contracts/index.js'
import type { TokenPrices } from '../pricing/index.js'

/** Type of the keys that requests are encrypted to. v3.md §2. */
export const REQUEST_KEY_TYPE = 1

/** Margin that a key must outlive the request by. v3.md §2: 60 s. */
const KEY_MARGIN_MS = 60_000

/** A key of the network that a request may be encrypted to now. */
export interface UsableKey {
  /** 32 bytes. */
  readonly publicKey: Uint8Array
  readonly type: number
  readonly expiresAtUnix: number
}

/** Which keys are wanted. */
export interface KeyQuery {
  /** Now, Unix milliseconds. */
  readonly nowMs: number
  /** Time limit of the request; the key must live that long and 60 s more. Default 0. */
  readonly requestTimeoutMs?: number | undefined
  /** Default {@link REQUEST_KEY_TYPE}. */
  readonly type?: number | undefined
}

/** What a proxy says about contracts in its handshake, and our own owner address. */
export interface NamedContracts {
  readonly proxy: {
    readonly publicKey: Uint8Array
    readonly ownerAddress: TonAddress
    readonly contractAddress: TonAddress
    readonly isTest: boolean
  }
  readonly clientContractAddress: TonAddress
  readonly ownerAddress: TonAddress
}

/** A state of the registry. Immutable. */
export interface RegistrySnapshot {
  readonly networkName: string
  readonly rootAddress: AddressInput
  readonly root: RootState
  /** Whether it was read from a chain or given as bytes. */
  readonly source: 'chain' | 'given'
  /** When it was read, Unix milliseconds; `null` for given bytes, whose age nobody knows. */
  readonly readAtMs: number | null
  /** How it is known, one statement a line; goes into attestation reports. */
  readonly trust: readonly string[]
}

/** Endpoints that clients dial, `ip:port`, in the order of their seqno. */
export function proxyEndpoints(snapshot: RegistrySnapshot): readonly string[] {
  return snapshot.root.proxies.map((proxy: RegisteredProxy) => proxy.client)
}

/** Image hashes that proxies may run, hex. */
export function allowedProxyImages(snapshot: RegistrySnapshot): readonly string[] {
  return snapshot.root.proxyHashes
}

/** Prices in the form of payments/pricing. */
export function tokenPrices(snapshot: RegistrySnapshot): TokenPrices {
  const { pricePerTokenNano, workerFeePerTokenNano, multipliers } = snapshot.root
  return { pricePerTokenNano, workerFeePerTokenNano, multipliers }
}

/** Keys that may be used now, the longest-living first. Never the published test key, whatever the network says. */
export function usableKeys(snapshot: RegistrySnapshot, query: KeyQuery): readonly UsableKey[] {
  const deadlineMs = query.nowMs + (query.requestTimeoutMs ?? 0) + KEY_MARGIN_MS
  const type = query.type ?? REQUEST_KEY_TYPE
  return snapshot.root.encryptionKeys
    .filter((key) => key.type === type && key.expiresAtUnix * 1000 > deadlineMs && key.publicKey !== PUBLISHED_TEST_KEY)
    .toSorted((a, b) => b.expiresAtUnix - a.expiresAtUnix)
    .map((key) => ({ publicKey: hexToBytes(key.publicKey), type: key.type, expiresAtUnix: key.expiresAtUnix }))
}

/** The proxy contract of an owner and a key. @throws CocoonError `ERR_CONTRACT_STATE` | `ERR_ENCODING`. */
export function deriveProxy(
  snapshot: RegistrySnapshot,
  identity: { readonly proxyOwner: AddressInput; readonly proxyPublicKey: Bits256Input }
): DerivedContract {
  return deriveProxyContract(snapshot.root, { ...identity, root: snapshot.rootAddress })
}

/** The client contract of an owner at a proxy contract. @throws CocoonError `ERR_CONTRACT_STATE` | `ERR_ENCODING`. */
export function deriveClient(snapshot: RegistrySnapshot, identity: ClientIdentity): DerivedContract {
  return deriveClientContract(snapshot.root, identity)
}

/**
 * Whether the contracts that a proxy names are those that the root state derives, by workchain and hash. A proxy that
 * names others could make a client pay into a contract of its own.
 */
export function matchesContracts(snapshot: RegistrySnapshot, named: NamedContracts): boolean {
  if (named.proxy.isTest !== snapshot.root.isTest) return false
  try {
    const proxyPublicKey = named.proxy.publicKey
    const proxy = deriveProxy(snapshot, { proxyOwner: named.proxy.ownerAddress, proxyPublicKey })
    if (!isSameAddress(proxy.address, named.proxy.contractAddress)) return false
    const client = deriveClient(snapshot, {
      owner: formatRawAddress(named.ownerAddress),
      proxy: proxy.address,
      proxyPublicKey
    })
    return isSameAddress(client.address, named.clientContractAddress)
  } catch (error) {
    // A root that publishes no code derives nothing: then nothing is confirmed.
    if (CocoonError.is(error)) return false
    throw error
  }
}
