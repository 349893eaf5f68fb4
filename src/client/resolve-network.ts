/**
 * Checks the description of a network: named proxies, or a root contract and the way to its state.
 *
 * @module
 */
import { parseAddress, type TonAddress } from '../encoding/address.js'
import { CocoonError } from '../errors.js'
import type { ChainReader } from '../payments/chain/index.js'
import type { EncryptionKeySource } from './encryption/index.js'
import type { RegistrySource } from './money/registry-pools.js'
import { parseProxyAddress, type ProxyAddress } from './network/index.js'
import { checkBoolean, checkInteger, checkObject, checkPort, optionError } from './option-checks.js'
import type { CocoonOptions } from './options.js'

const UINT32_MAX = 0xffff_ffff

/** A network after checking. */
export interface ResolvedNetwork {
  readonly pricePerTokenNano: bigint | undefined
  readonly root: RegistrySource | undefined
  /** `undefined`: what the root state says. */
  readonly isTest: boolean | undefined
  readonly proxies: readonly ProxyAddress[]
  readonly encryptionKeys: EncryptionKeySource | undefined
  readonly configVersion: number
}

/** Unknown fields are let pass: a network description may carry more than a connection needs. */
export function resolveNetwork({ network, chain }: CocoonOptions, isDirect: boolean): ResolvedNetwork {
  const given: Record<string, unknown> = network === undefined && !isDirect ? {} : checkObject(network, 'network')
  const { isTest, configVersion, proxies = [], pricePerTokenNano, encryptionKeys } = given
  const root = resolveRoot(given, chain)
  if (encryptionKeys !== undefined && typeof encryptionKeys !== 'function' && !Array.isArray(encryptionKeys))
    throw optionError('network.encryptionKeys', 'must be a list of keys, or a function that gives one')
  if (pricePerTokenNano !== undefined && (typeof pricePerTokenNano !== 'bigint' || pricePerTokenNano < 0n)) {
    throw optionError('network.pricePerTokenNano', 'must be a bigint of nanotons, not negative')
  }
  if (!Array.isArray(proxies) || (isDirect && root === undefined && proxies.length === 0)) {
    throw optionError('network.proxies', 'must name at least one proxy', "For example ['203.0.113.7:8888'].")
  }
  const parsed = new Map<string, ProxyAddress>()
  for (const [index, text] of (proxies as unknown[]).entries()) {
    const address = parseProxyAddress(text, `network.proxies[${index}]`)
    parsed.set(address.text, address)
  }
  return {
    root,
    isTest: checkBoolean(isTest, 'network.isTest', root === undefined ? false : undefined),
    configVersion: checkInteger(configVersion, 'network.configVersion', { min: 0, max: UINT32_MAX, default: 0 }),
    proxies: [...parsed.values()],
    pricePerTokenNano,
    encryptionKeys: encryptionKeys as EncryptionKeySource | undefined
  }
}

/** The root contract of a network, when it is described with one. */
function resolveRoot(given: Record<string, unknown>, chain: ChainReader | undefined): RegistrySource | undefined {
  const { root, name = 'given root' } = given
  checkPort(chain, 'chain', 'getAccount')
  let { rootAddress, state } = given
  if (root !== undefined) {
    const { address, state: bytes } = checkObject(root, 'network.root')
    ;[rootAddress, state] = [address, bytes]
    if (state === undefined) throw optionError('network.root.state', 'is missing')
  }
  if (state !== undefined && !(state instanceof Uint8Array))
    throw optionError('network.root.state', 'must be a Uint8Array')
  if (rootAddress === undefined) {
    if (chain !== undefined)
      throw optionError('chain', 'has no use without a root contract', 'Use mainnet of cocoonkit/ton.')
    return undefined
  }
  if (state === undefined && chain === undefined) {
    throw optionError(
      'chain',
      'is needed to read the root contract',
      'Pass toncenterV3() of cocoonkit/ton, or network.root.'
    )
  }
  if (typeof name !== 'string') throw optionError('network.name', 'must be a text')
  const isTest = checkBoolean(given['isTest'], 'network.isTest', undefined)
  return {
    network: { name, rootAddress: rootAddressOf(rootAddress), state: state as Uint8Array | undefined, isTest },
    reader: chain
  }
}

function rootAddressOf(value: unknown): string | TonAddress {
  try {
    if (typeof value === 'string') parseAddress(value)
    else if (!((value as TonAddress | null)?.hash instanceof Uint8Array))
      throw optionError('network.rootAddress', 'must be an address')
    return value as string | TonAddress
  } catch (cause) {
    const message = 'the address of the root contract is not a TON address'
    throw new CocoonError('ERR_OPTIONS', message, { phase: 'options', field: 'network.rootAddress', cause })
  }
}
