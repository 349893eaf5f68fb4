/**
 * The accounts that a devnet knows, as its proxies and its chain open them.
 *
 * @module
 */
import { createHash } from 'node:crypto'
import { bytesToHex, encodeUtf8, hexToBytes, parseAddress, type TonAddress } from '../encoding/index.js'
import { CocoonError } from '../errors.js'
import type { OpenedAccount } from './chain/index.js'
import { DEFAULT_DEVNET_SECRET, type DevnetAccountOptions, type DevnetOptions } from './options.js'
import type { AccountTemplate } from './proxy/settings.js'

/** Money of an account as tests change it. */
export interface MoneyChange {
  readonly balanceNano?: bigint
  readonly stakeNano?: bigint
}

interface MutableTemplate {
  secretHash: Uint8Array | undefined
  balanceNano: bigint
  stakeNano: bigint
}

const TON = 1_000_000_000n
const DEFAULT_MONEY = { balanceNano: 20n * TON, stakeNano: 15n * TON }

/** Accounts by the hash of their owner's address. */
export class KnownAccounts {
  readonly #known = new Map<string, MutableTemplate>()
  readonly #authorization: NonNullable<DevnetOptions['authorization']>
  readonly #pricePerTokenNano: bigint

  constructor(authorization: NonNullable<DevnetOptions['authorization']>, pricePerTokenNano: bigint) {
    this.#authorization = authorization
    this.#pricePerTokenNano = pricePerTokenNano
  }

  /** @throws CocoonError `ERR_OPTIONS` without an owner. */
  add({ owner, secret = DEFAULT_DEVNET_SECRET, balanceNano, stakeNano }: DevnetAccountOptions): void {
    if (owner === undefined) throw new CocoonError('ERR_OPTIONS', 'an account needs an owner', { phase: 'options' })
    this.#known.set(keyOf(parseAddress(owner)), {
      secretHash: sha256(typeof secret === 'string' ? encodeUtf8(secret) : secret),
      balanceNano: balanceNano ?? DEFAULT_MONEY.balanceNano,
      stakeNano: stakeNano ?? DEFAULT_MONEY.stakeNano
    })
  }

  change(owner: TonAddress, change: MoneyChange): void {
    const known = this.#known.get(keyOf(owner))
    if (known === undefined) return
    known.balanceNano = change.balanceNano ?? known.balanceNano
    known.stakeNano = change.stakeNano ?? known.stakeNano
  }

  secretHashOf(owner: TonAddress): Uint8Array | undefined {
    return this.#known.get(keyOf(owner))?.secretHash
  }

  /** What a proxy opens an account with when its owner comes for the first time. */
  template(owner: TonAddress): AccountTemplate {
    const known = this.#known.get(keyOf(owner)) ?? { secretHash: undefined, ...DEFAULT_MONEY }
    if (this.#authorization === 'fake-ton') {
      // A reference proxy without chain knows everybody: empty secret, 1e15 tokens, a stake of 1 TON.
      const balanceNano = 10n ** 15n * this.#pricePerTokenNano
      return { secretHash: sha256(new Uint8Array()), balanceNano, stakeNano: TON }
    }
    return this.#authorization === 'long' ? { ...known, secretHash: undefined } : known
  }

  /** What a chain opens at its start. */
  opened(): OpenedAccount[] {
    return [...this.#known].flatMap(([hash, { secretHash, balanceNano, stakeNano }]) =>
      secretHash === undefined
        ? []
        : [{ owner: { workchain: 0, hash: hexToBytes(hash) }, secretHash, balanceNano, stakeNano }]
    )
  }
}

function keyOf({ hash }: TonAddress): string {
  return bytesToHex(hash)
}

function sha256(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha256').update(bytes).digest())
}
