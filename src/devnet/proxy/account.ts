/**
 * One owner's account at one proxy contract: what it may use, what it used, what the proxy signs for it. Money is in
 * memory; no chain stands behind it.
 *
 * Source: pricing.md §4, §7; session.md §3.1, §10.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import type { TonAddress } from '../../encoding/index.js'
import type { TlValue } from '../../encoding/tl/index.js'
import { reservationTokens, type AccountBalance } from '../../payments/pricing/index.js'
import { DelayedCounter } from './delayed-counter.js'
import { createSignedPayment } from './signed-payment.js'

/** What an account is opened with. */
export interface AccountSettings {
  readonly owner: TonAddress
  readonly clientContract: TonAddress
  /** SHA-256 of the secret; `undefined` while the proxy has not seen the client contract. */
  readonly secretHash: Uint8Array | undefined
  readonly balanceNano: bigint
  readonly stakeNano: bigint
  readonly databaseFlushMs: number
  readonly stateCommitMs: number
  readonly seed: Uint8Array
  readonly excess: TonAddress
  readonly now: () => number
}

/** Mutable account state. */
export class ProxyAccount {
  readonly settings: AccountSettings
  secretHash: Uint8Array | undefined
  balanceNano: bigint
  stakeNano: bigint
  /** 0 open, 1 closing, 2 closed. */
  state = 0
  chainTokensUsed = 0n
  tokensUsed = 0n
  tokensReserved = 0n
  /** With a chain: called after each request. */
  onSettled: (() => void) | undefined
  /** With a chain: the total that is signed in place of the true one; a cheat. */
  signedTokens: ((tokens: bigint) => bigint) | undefined
  /** Whether a connection of this account was ever accepted. */
  seen = false
  readonly #database: DelayedCounter
  readonly #onChain: DelayedCounter
  #signed: { readonly tokens: bigint; readonly data: Uint8Array } | undefined

  constructor(settings: AccountSettings) {
    this.settings = settings
    this.secretHash = settings.secretHash
    this.balanceNano = settings.balanceNano
    this.stakeNano = settings.stakeNano
    this.#database = new DelayedCounter(settings.databaseFlushMs, settings.now())
    this.#onChain = new DelayedCounter(settings.stateCommitMs, settings.now())
  }

  /** The figures that reservations are decided by. */
  get figures(): AccountBalance {
    const { balanceNano, stakeNano, chainTokensUsed, tokensUsed, tokensReserved } = this
    return { balanceNano, stakeNano, chainTokensUsed, tokensUsed, tokensReserved }
  }

  /** Tokens that the proxy's database holds. */
  get databaseTokens(): bigint {
    return this.#database.read(this.settings.now())
  }

  /** Reserves for a request; the amount must be given back to {@link ProxyAccount.settle}. */
  reserve(maxTokens: number, queryBytes: number, maxCoefficient: number): bigint {
    const amount = reservationTokens(maxTokens, queryBytes, maxCoefficient)
    this.tokensReserved += amount
    return amount
  }

  /** Ends a request: releases its reservation and counts what it used. */
  settle(reserved: bigint, used: bigint): void {
    this.tokensReserved -= reserved
    if (used !== 0n) {
      this.tokensUsed += used
      const now = this.settings.now()
      this.#database.set(this.tokensUsed, now)
      this.#onChain.set(this.tokensUsed, now)
    }
    this.onSettled?.()
  }

  /** Makes everything used visible in the database and coverable by signatures now. */
  commit(): void {
    this.#database.flush()
    this.#onChain.flush()
  }

  /** The latest signed charge; signed on demand, also for 0 tokens. */
  signedPayment(): TlValue<'proxy.signedPayment'> {
    const covered = this.#onChain.read(this.settings.now())
    const tokens = this.signedTokens?.(covered) ?? covered
    if (this.#signed?.tokens !== tokens) {
      this.#signed = { tokens, data: this.sign(tokens, this.settings.seed) }
    }
    return { type: 'proxy.signedPayment', data: this.#signed.data }
  }

  /** A charge message for any amount and key; forged ones come from here too. */
  sign(tokens: bigint, seed: Uint8Array): Uint8Array {
    return createSignedPayment({
      queryId: randomBytes(8).readBigUInt64BE(),
      tokens,
      clientContract: this.settings.clientContract,
      excess: this.settings.excess,
      seed
    })
  }
}
