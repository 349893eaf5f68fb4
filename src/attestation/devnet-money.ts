/**
 * What a devnet's description says about money: prices, and the chain behind the network when one runs. It stands beside
 * the vendors' roots because both come from the same file; nothing of it takes part in a verdict.
 *
 * @module
 */
import { CocoonError } from '../errors.js'

/** A chain behind a devnet. */
export interface DevnetChainDescription {
  /** Base of the HTTP facade: `<url>/api/v3` speaks toncenter. */
  readonly url: string
  /** The root contract, friendly or raw. */
  readonly rootAddress: string
  /** Whom a channel is opened with: owner of the proxy contract and payment key (64 hex digits), as `network.proxies` is ordered. */
  readonly proxies: readonly { readonly owner: string; readonly publicKey: string }[]
}

/** Prices as JSON: nanotons are decimal text, multipliers 1/10000. */
export interface DevnetPricesDescription {
  readonly pricePerTokenNano: string
  readonly workerFeePerTokenNano: string
  readonly multipliers: {
    readonly prompt: number
    readonly cached: number
    readonly completion: number
    readonly reasoning: number
  }
}

/** The wallet of a devnet's account. Play money: its key is no secret. */
export interface DevnetWalletDescription {
  readonly version: 'v4r2' | 'v5r1'
  /** Ed25519 seed, 64 hex digits. */
  readonly seed: string
}

/** {@link devnetMoney}. */
export interface DevnetMoney {
  readonly prices:
    | {
        readonly pricePerTokenNano: bigint
        readonly workerFeePerTokenNano: bigint
        readonly multipliers: DevnetPricesDescription['multipliers']
      }
    | undefined
  /** `undefined` for a devnet without a chain. */
  readonly chain: DevnetChainDescription | undefined
  /** `undefined` when the account is no wallet of the devnet's own. */
  readonly wallet: DevnetWalletDescription | undefined
}

/** The members of a description that this file reads; their shape is not known yet. */
export interface UncheckedMoney {
  readonly account: { readonly wallet?: unknown }
  readonly prices?: unknown
  readonly chain?: unknown
}

/** Reads the money of a description whose other members were checked. @throws CocoonError `ERR_OPTIONS`. */
export function readDevnetMoney({ account, prices, chain }: UncheckedMoney): DevnetMoney {
  return {
    prices: prices === undefined ? undefined : readPrices(prices),
    chain: chain === undefined ? undefined : readChain(chain),
    wallet: account.wallet === undefined ? undefined : readWallet(account.wallet)
  }
}

function readPrices(value: unknown): DevnetMoney['prices'] {
  const { pricePerTokenNano, workerFeePerTokenNano, multipliers } = members(value, 'prices')
  const { prompt, cached, completion, reasoning } = members(multipliers, 'prices.multipliers')
  const isMultiplier = (item: unknown): item is number =>
    typeof item === 'number' && Number.isInteger(item) && item >= 0 && item <= 0xffff_ffff
  if (
    !isAmount(pricePerTokenNano) ||
    !isAmount(workerFeePerTokenNano) ||
    !isMultiplier(prompt) ||
    !isMultiplier(cached) ||
    !isMultiplier(completion) ||
    !isMultiplier(reasoning)
  )
    throw wrongType('prices')
  return {
    pricePerTokenNano: BigInt(pricePerTokenNano),
    workerFeePerTokenNano: BigInt(workerFeePerTokenNano),
    multipliers: { prompt, cached, completion, reasoning }
  }
}

function readChain(value: unknown): DevnetChainDescription {
  const { url, rootAddress, proxies } = members(value, 'chain')
  if (typeof url !== 'string' || !/^https?:\/\/[^/?#]+$/.test(url) || typeof rootAddress !== 'string')
    throw wrongType('chain')
  if (!Array.isArray(proxies)) throw wrongType('chain.proxies')
  return {
    url,
    rootAddress,
    proxies: proxies.map((item: unknown) => {
      const { owner, publicKey } = members(item, 'chain.proxies')
      if (typeof owner !== 'string' || !isKey(publicKey)) throw wrongType('chain.proxies')
      return { owner, publicKey }
    })
  }
}

function readWallet(value: unknown): DevnetWalletDescription {
  const { version, seed } = members(value, 'account.wallet')
  if ((version !== 'v4r2' && version !== 'v5r1') || !isKey(seed)) throw wrongType('account.wallet')
  return { version, seed }
}

function isAmount(value: unknown): value is string {
  return typeof value === 'string' && /^\d{1,30}$/.test(value)
}

function isKey(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9a-f]{64}$/i.test(value)
}

function members(value: unknown, path: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrongType(path)
  return value as Record<string, unknown>
}

function wrongType(path: string): CocoonError {
  return new CocoonError('ERR_OPTIONS', `the devnet description has no usable ${path}`, {
    phase: 'options',
    field: 'devnet',
    remedy: 'cocoonkit devnet --describe FILE writes one.'
  })
}
