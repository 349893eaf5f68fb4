/**
 * Writes the state of a root contract: the counterpart of `parseRootState`. Layout: contracts.md §1, v3.md §5, struct
 * version 4, which is what the contracts are compiled for.
 *
 * @module
 */
import { Address, beginCell, type Cell, Dictionary, type DictionaryValue } from '@ton/core'
import type { TokenPrices } from '../../payments/pricing/index.js'
import type { ContractCode } from './contract-code.js'

/** A key that the network encrypts requests to. */
export interface RootEncryptionKey {
  /** 32 bytes, hex. */
  readonly publicKey: string
  /** Default 1. */
  readonly type?: number | undefined
  readonly expiresAtUnix: number
}

/** What a root state says. */
export interface RootCellInput {
  readonly owner: string
  readonly version: number
  readonly paramsVersion: number
  readonly isTest: boolean
  readonly prices: TokenPrices
  readonly proxyDelaySeconds: number
  readonly clientDelaySeconds: number
  readonly minProxyStakeNano: bigint
  readonly minClientStakeNano: bigint
  /** `ip:port` for clients. */
  readonly proxies: readonly string[]
  /** Hex. */
  readonly proxyHashes: readonly string[]
  readonly encryptionKeys: readonly RootEncryptionKey[]
}

const UNIQUE_ID = 13
const STRUCT_VERSION = 4

const emptyValue: DictionaryValue<true> = { serialize: () => undefined, parse: () => true }

function hashes(values: readonly string[]): Dictionary<bigint, true> {
  const dictionary = Dictionary.empty(Dictionary.Keys.BigUint(256), emptyValue)
  for (const value of values) dictionary.set(BigInt(`0x${value}`), true)
  return dictionary
}

const textValue: DictionaryValue<string> = {
  serialize: (text, builder) => {
    const bytes = Buffer.from(text, 'ascii')
    builder.storeBit(false).storeUint(bytes.length, 7).storeBuffer(bytes)
  },
  parse: () => ''
}

const keyValue: DictionaryValue<RootEncryptionKey> = {
  serialize: (key, builder) => void builder.storeUint(key.type ?? 1, 8).storeUint(key.expiresAtUnix, 32),
  parse: () => ({ publicKey: '', expiresAtUnix: 0 })
}

function paramsCell(input: RootCellInput, codeOf: ContractCode): Cell {
  const { prices } = input
  const { multipliers } = prices
  return beginCell()
    .storeUint(STRUCT_VERSION, 8)
    .storeUint(input.paramsVersion, 32)
    .storeUint(UNIQUE_ID, 32)
    .storeBit(input.isTest)
    .storeCoins(prices.pricePerTokenNano)
    .storeCoins(prices.workerFeePerTokenNano)
    .storeUint(multipliers.prompt, 32)
    .storeUint(multipliers.cached, 32)
    .storeUint(multipliers.completion, 32)
    .storeUint(multipliers.reasoning, 32)
    .storeUint(input.proxyDelaySeconds, 32)
    .storeUint(input.clientDelaySeconds, 32)
    .storeCoins(input.minProxyStakeNano)
    .storeCoins(input.minClientStakeNano)
    .storeMaybeRef(codeOf('proxy'))
    .storeMaybeRef(codeOf('worker'))
    .storeMaybeRef(codeOf('client'))
    .endCell()
}

function dataCell(input: RootCellInput): Cell {
  const proxies = Dictionary.empty(Dictionary.Keys.Uint(32), textValue)
  input.proxies.forEach((text, index) => proxies.set(index + 1, text))
  return beginCell()
    .storeDict(hashes(input.proxyHashes))
    .storeDict(proxies)
    .storeUint(input.proxies.length, 32)
    .storeDict(hashes([]))
    .storeDict(hashes([]))
    .endCell()
}

function keyManagerCell(input: RootCellInput): Cell {
  const keys = Dictionary.empty(Dictionary.Keys.BigUint(256), keyValue)
  for (const key of input.encryptionKeys) keys.set(BigInt(`0x${key.publicKey}`), key)
  return beginCell().storeDict(keys).storeUint(0, 256).storeUint(0, 256).storeUint(0, 8).endCell()
}

/** The state as a cell. @param codeOf - Code that the network publishes for its contracts. */
export function rootCell(input: RootCellInput, codeOf: ContractCode): Cell {
  return beginCell()
    .storeAddress(Address.parse(input.owner))
    .storeUint(input.version, 32)
    .storeRef(dataCell(input))
    .storeRef(paramsCell(input, codeOf))
    .storeRef(keyManagerCell(input))
    .endCell()
}
