/**
 * What a proxy does on chain: reads the messages that reach its contract, commits its state, charges, grants refunds. As
 * the reference it reads inbound messages and never their results. Source: contracts.md §5, §7; pricing.md §7.
 *
 * @module
 */
import { createHash, randomBytes } from 'node:crypto'
import type { Address, Transaction } from '@ton/core'
import { bytesToHex, formatRawAddress, hexToBytes, parseAddress, type TonAddress } from '../../encoding/index.js'
import { CocoonError } from '../../errors.js'
import {
  clientAddress,
  decodeClientProxyRequest,
  encodeProxySaveState,
  signCharge,
  type ClientProxyRequest,
  type RootState
} from '../../payments/contracts/index.js'
import type { Lifetime } from '../lifetime.js'
import type { ProxyAccount } from '../proxy/account.js'
import type { DevnetProxy } from '../proxy/proxy.js'
import type { AccountTemplate } from '../proxy/settings.js'
import type { LocalChain } from './local-chain.js'
import type { ProxyWallet } from './proxy-wallet.js'
import type { ChainCheat } from './types.js'

const CHARGE_VALUE_NANO = 700_000_000n
const GRANT_VALUE_NANO = 1_000_000_000n
const COMMIT_VALUE_NANO = 10_000_000n
const OVERCHARGE_TOKENS = 1_000_000_000n
const NO_SECRET = '0'.repeat(64)

/** What an agent needs. */
export interface ProxyAgentSettings {
  readonly chain: LocalChain
  readonly wallet: ProxyWallet
  /** The proxy contract, friendly. */
  readonly contract: string
  readonly publicKey: Uint8Array
  readonly seed: Uint8Array
  /** Root state that the contract was derived from. */
  readonly root: RootState
  readonly chargeThresholdNano: bigint
  readonly stateCommitMs: number
  readonly lifetime: Lifetime
  readonly cheats: ReadonlySet<ChainCheat>
}

/** One proxy's hand on the chain. */
export class ProxyAgent {
  readonly settings: ProxyAgentSettings
  readonly #clients = new Map<string, ClientProxyRequest['client']>()
  readonly #granted = new Set<string>()
  readonly #work = new Set<Promise<void>>()
  #proxy: DevnetProxy | undefined
  #commitSeqno = 0
  #commitDue = false

  constructor(settings: ProxyAgentSettings) {
    this.settings = settings
    const { chain, lifetime } = settings
    lifetime.onClose(chain.onTransaction((transaction, address) => this.#seen(transaction, address)))
  }

  /** Connects the agent with the proxy that it acts for. */
  attach(proxy: DevnetProxy): void {
    this.#proxy = proxy
    proxy.onAccount = (account): void => {
      account.onSettled = (): void => this.#settled(account)
      account.signedTokens = (tokens): bigint => this.#claimed(tokens)
    }
  }

  /** The client contract of an owner. */
  clientContract(owner: TonAddress): TonAddress {
    const { root, contract, publicKey } = this.settings
    return parseAddress(clientAddress(root, { owner, proxy: contract, proxyPublicKey: publicKey }))
  }

  /** An account as the messages of its contract have it; unknown ones have nothing. */
  template(owner: TonAddress): AccountTemplate {
    const client = this.#clients.get(formatRawAddress(owner))
    if (client === undefined) {
      return { secretHash: undefined, balanceNano: 0n, stakeNano: this.settings.root.minClientStakeNano }
    }
    return { secretHash: secretOf(client), balanceNano: client.balanceNano, stakeNano: client.stakeNano }
  }

  /** Resolves when nothing more is under way. */
  async idle(): Promise<void> {
    while (this.#work.size > 0) await Promise.all(this.#work)
  }

  get #idleByWill(): boolean {
    return this.settings.cheats.has('vanish') || this.settings.lifetime.closed
  }

  #claimed(tokens: bigint): bigint {
    const { cheats } = this.settings
    if (cheats.has('rollback')) return tokens / 2n
    return cheats.has('overcharge') ? tokens + OVERCHARGE_TOKENS : tokens
  }

  #run(work: () => Promise<void>): void {
    const done: Promise<void> = work()
      .catch((error: unknown) => {
        // A proxy whose message the chain refuses goes on, as the reference does.
        if (!CocoonError.is(error)) throw error
      })
      .finally(() => this.#work.delete(done))
    this.#work.add(done)
  }

  #seen(transaction: Transaction, address: Address): void {
    const info = transaction.inMessage?.info
    if (info?.type !== 'internal' || info.bounced || address.toString() !== this.settings.contract) return
    let request: ClientProxyRequest
    try {
      request = decodeClientProxyRequest(new Uint8Array(transaction.inMessage?.body.toBoc() ?? []))
    } catch {
      return
    }
    const owner = parseAddress(request.owner)
    if (formatRawAddress(this.clientContract(owner)) !== info.src.toRawString()) return
    this.#update(owner, request)
  }

  #update(owner: TonAddress, { client, payload }: ClientProxyRequest): void {
    this.#clients.set(formatRawAddress(owner), client)
    const account = this.#proxy?.account(owner)
    if (account === undefined) return
    account.balanceNano = client.balanceNano
    account.stakeNano = client.stakeNano
    account.state = client.state
    account.chainTokensUsed = client.tokensUsed
    account.secretHash = secretOf(client)
    account.tokensUsed = account.tokensUsed > client.tokensUsed ? account.tokensUsed : client.tokensUsed
    if (payload?.type === 'register' && !this.#idleByWill) {
      this.#proxy?.register(BigInt.asIntN(64, payload.nonce), owner, account.secretHash)
    }
    this.#grantIfDue(account)
  }

  #settled(account: ProxyAccount): void {
    this.#grantIfDue(account)
    if (this.settings.cheats.has('overcharge')) this.#run(async () => void (await this.charge(account)))
    if (this.#commitDue) return
    this.#commitDue = true
    const { stateCommitMs, lifetime } = this.settings
    if (stateCommitMs <= 0) this.commit()
    else lifetime.setTimer(() => this.commit(), stateCommitMs)
  }

  /** Commits the state of the database on chain, then charges whoever owes enough. */
  commit(): void {
    this.#commitDue = false
    if (this.#idleByWill) return
    const seqno = ++this.#commitSeqno
    const hash = createHash('sha256').update(`cocoonkit devnet state ${seqno}`).digest('hex')
    const body = encodeProxySaveState({ queryId: randomBytes(8).readBigUInt64BE(), seqno, hash })
    const { wallet, contract, root, chargeThresholdNano } = this.settings
    this.#run(async () => {
      await wallet.send({ to: contract, valueNano: COMMIT_VALUE_NANO, body })
      for (const account of this.#proxy?.accounts ?? []) {
        const owed = (account.tokensUsed - account.chainTokensUsed) * root.pricePerTokenNano
        if (owed >= chargeThresholdNano) await this.charge(account)
      }
    })
  }

  /** Charges an account for everything it used. @returns Whether anything was sent. */
  async charge(account: ProxyAccount): Promise<boolean> {
    const tokens = this.#claimed(account.tokensUsed)
    if (this.#idleByWill || account.state === 2 || tokens <= account.chainTokensUsed) return false
    const body = this.#sign('charge', tokens, account)
    const to = bounceable(account.settings.clientContract)
    const times = this.settings.cheats.has('replay') ? 2 : 1
    for (let time = 0; time < times; time++) {
      await this.settings.wallet.send({ to, valueNano: CHARGE_VALUE_NANO, body })
    }
    return true
  }

  #sign(kind: 'charge' | 'grant', tokens: bigint, account: ProxyAccount): Uint8Array {
    const { wallet, seed } = this.settings
    const target = account.settings.clientContract
    return signCharge({ kind, queryId: randomBytes(8).readBigUInt64BE(), tokens, target, excess: wallet.address, seed })
  }

  /** A closing client gets its money back when nothing of it runs any more. */
  #grantIfDue(account: ProxyAccount): void {
    const key = bytesToHex(account.settings.owner.hash)
    if (account.state !== 1 || account.tokensReserved !== 0n || this.#granted.has(key)) return
    if (this.#idleByWill || this.settings.cheats.has('refuse-close')) return
    this.#granted.add(key)
    const { wallet, cheats } = this.settings
    // A grant below what was charged already would fail; even a cheat's books do not go below the chain's.
    const claimed = this.#claimed(account.tokensUsed)
    const tokens = cheats.has('rollback') && claimed < account.chainTokensUsed ? account.chainTokensUsed : claimed
    const body = this.#sign('grant', tokens, account)
    const to = bounceable(account.settings.clientContract)
    this.#run(() => wallet.send({ to, valueNano: GRANT_VALUE_NANO, body }))
  }

  /** Does what cheats held back. */
  resume(): void {
    for (const account of this.#proxy?.accounts ?? []) this.#grantIfDue(account)
  }
}

function secretOf(client: ClientProxyRequest['client']): Uint8Array | undefined {
  return client.secretHash === NO_SECRET ? undefined : hexToBytes(client.secretHash)
}

function bounceable(address: TonAddress): string {
  return formatRawAddress(address)
}
