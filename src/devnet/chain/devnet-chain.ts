/**
 * The chain of a devnet, put together: root contract, proxies' wallets and contracts, accounts with deposits, the facade.
 *
 * @module
 */
import { createHash, randomBytes } from 'node:crypto'
import { Address, beginCell, type Cell } from '@ton/core'
import nacl from 'tweetnacl'
import { bytesToHex, formatRawAddress, parseAddress, type TonAddress } from '../../encoding/index.js'
import { CocoonError } from '../../errors.js'
import { toncenterV3, type ChainSource } from '../../payments/chain/index.js'
import {
  deriveClientContract,
  deriveProxyContract,
  encodeClientMessage,
  encodeProxyMessage,
  openStandardWallet,
  parseRootState,
  type RootState
} from '../../payments/contracts/index.js'
import type { Clock } from '../../runtime/ports/clock.js'
import type { Lifetime } from '../lifetime.js'
import type { ProxyIdentity } from '../proxy/identity.js'
import type { DevnetProxy } from '../proxy/proxy.js'
import type { AccountTemplate } from '../proxy/settings.js'
import { contractCode, type ContractCode } from './contract-code.js'
import { Facade } from './facade.js'
import { facadeFetch, serveFacade } from './http-server.js'
import { LocalChain } from './local-chain.js'
import { ProxyAgent } from './proxy-agent.js'
import { ProxyWallet } from './proxy-wallet.js'
import { rootCell, type RootCellInput } from './root-cell.js'
import {
  DEVNET_CHAIN_CHEATS,
  type ChainCheat,
  type DevnetChain,
  type DevnetChainOptions,
  type DevnetChainProxy,
  type DevnetWallet
} from './types.js'

const TON = 1_000_000_000n
const OP_REPLACE_STATE = 0x646e7273
const DEPLOY_VALUE_NANO = 300_000_000n
const WALLET_TON_NANO = 1_000_000n * TON
const FAUCET = '0:fa00000000000000000000000000000000000000000000000000000000000000'

/** An account that finds its client contracts deployed. */
export interface OpenedAccount {
  readonly owner: TonAddress
  readonly secretHash: Uint8Array
  readonly balanceNano: bigint
  readonly stakeNano: bigint
}

/** What the devnet says of itself. */
export interface DevnetChainSettings {
  readonly options: DevnetChainOptions
  readonly root: Pick<RootCellInput, 'isTest' | 'prices' | 'proxyHashes'> & { readonly configVersion: number }
  readonly host: string
  readonly lifetime: Lifetime
  readonly now: () => number
  readonly stateCommitMs: number
  /** Called when `vanish` begins. */
  readonly onVanish: () => void
}

function address(purpose: string): string {
  return `0:${createHash('sha256').update(`cocoonkit devnet ${purpose}`).digest('hex')}`
}

function bocOf(cell: Cell): Uint8Array {
  return new Uint8Array(cell.toBoc({ idx: false, crc32: false }))
}

/** The devnet's chain; {@link DevnetChain} is what callers see of it. */
export class RunningChain implements DevnetChain {
  readonly #settings: DevnetChainSettings
  readonly #chain: LocalChain
  readonly #cheats = new Set<ChainCheat>()
  readonly #agents: ProxyAgent[] = []
  readonly #codeOf: ContractCode
  readonly #proxies: DevnetChainProxy[] = []
  #root: RootCellInput
  #state: Cell
  url = ''
  readonly rootAddress: string
  readonly source: ChainSource

  private constructor(settings: DevnetChainSettings, chain: LocalChain, facade: Facade) {
    const { options, root } = settings
    this.#settings = settings
    this.#chain = chain
    this.#codeOf = contractCode(options.codes)
    const { configVersion, ...rest } = root
    this.#root = {
      ...rest,
      owner: address('network owner'),
      version: configVersion,
      paramsVersion: 1,
      proxyDelaySeconds: options.proxyDelaySeconds ?? 86_400,
      clientDelaySeconds: options.clientDelaySeconds ?? 43_200,
      minProxyStakeNano: 15n * TON,
      minClientStakeNano: options.minClientStakeNano ?? 15n * TON,
      proxies: [],
      encryptionKeys: []
    }
    // Deployed as version 0 without proxies, so that its address does not depend on ports.
    this.#state = rootCell({ ...this.#root, version: 0, proxyHashes: [] }, this.#codeOf)
    const init = beginCell().storeUint(0b00110, 5).storeRef(this.#codeOf('root')).storeRef(this.#state).endCell()
    this.rootAddress = new Address(0, init.hash()).toString()
    this.source = toncenterV3({
      endpoint: 'http://devnet/api/v3',
      requestsPerSecond: 0,
      maxAttempts: 1,
      fetch: facadeFetch(facade),
      clock: clockOf(chain)
    })
    this.#init = bocOf(init)
    this.setCheats(...(options.cheats ?? []))
  }

  /** Deploys the root contract; goes with its first state. */
  #init: Uint8Array | undefined

  /** Starts a chain; the first {@link changeRoot} deploys its root contract. @throws CocoonError `ERR_UNSUPPORTED_RUNTIME` | `ERR_OPTIONS`. */
  static async start(settings: DevnetChainSettings): Promise<RunningChain> {
    const chain = await LocalChain.create(settings.now)
    const facade = new Facade(chain)
    const running = new RunningChain(settings, chain, facade)
    running.url = await serveFacade(facade, settings.host, settings.options.port ?? 0, settings.lifetime)
    return running
  }

  get reader(): ChainSource {
    return this.source
  }

  get sender(): ChainSource {
    return this.source
  }

  get proxies(): readonly DevnetChainProxy[] {
    return this.#proxies
  }

  get nowUnix(): number {
    return this.#chain.nowUnix
  }

  get vanished(): boolean {
    return this.#cheats.has('vanish')
  }

  /** Version of the root contract, which its proxies follow. */
  get rootVersion(): number {
    return this.#root.version
  }

  rootState(): Uint8Array {
    return bocOf(this.#state)
  }

  async changeRoot(change: Partial<Omit<RootCellInput, 'owner' | 'version'>>): Promise<void> {
    const version = this.#state.beginParse().skip(267).loadUint(32) === 0 ? this.#root.version : this.#root.version + 1
    this.#root = { ...this.#root, ...change, version }
    this.#state = rootCell(this.#root, this.#codeOf)
    const body = beginCell().storeUint(OP_REPLACE_STATE, 32).storeUint(version, 64).storeRef(this.#state).endCell()
    const stateInit = this.#init
    this.#init = undefined
    await this.#chain.sendInternal({
      from: this.#root.owner,
      to: this.rootAddress,
      valueNano: stateInit === undefined ? TON / 10n : TON,
      body: bocOf(body),
      stateInit
    })
  }

  /** Deploys a proxy's wallet and contract. @returns The identity that the chain gives it. */
  async addProxy(identity: ProxyIdentity): Promise<ProxyIdentity> {
    const { lifetime, stateCommitMs, options } = this.#settings
    const root: RootState = parseRootState(this.rootState())
    const wallet = new ProxyWallet(this.#chain, identity.seed, address('proxy owner'), this.#codeOf('wallet'))
    await this.#chain.sendInternal({
      from: FAUCET,
      to: wallet.address,
      valueNano: WALLET_TON_NANO,
      stateInit: wallet.stateInit,
      bounce: false
    })
    const contract = deriveProxyContract(root, {
      proxyOwner: wallet.address,
      proxyPublicKey: identity.publicKey,
      root: this.rootAddress
    })
    const agent = new ProxyAgent({
      chain: this.#chain,
      wallet,
      contract: contract.address,
      publicKey: identity.publicKey,
      seed: identity.seed,
      root,
      chargeThresholdNano: options.chargeThresholdNano ?? TON,
      stateCommitMs,
      lifetime,
      cheats: this.#cheats
    })
    this.#agents.push(agent)
    await wallet.send({ to: contract.address, valueNano: DEPLOY_VALUE_NANO, stateInit: contract.stateInit })
    const stakeNano = options.proxyStakeNano ?? 0n
    if (stakeNano > 0n) {
      const body = encodeProxyMessage({
        type: 'increase-proxy-stake',
        queryId: 1n,
        amountNano: stakeNano,
        excess: wallet.address
      })
      await wallet.send({ to: contract.address, valueNano: stakeNano + TON, body })
    }
    return {
      ...identity,
      owner: parseAddress(wallet.address),
      contract: parseAddress(contract.address),
      clientContract: (owner) => agent.clientContract(owner)
    }
  }

  /** Opens the client contracts of accounts at a proxy: secret and deposit in the message that deploys. */
  async openAccounts(proxy: number, accounts: readonly OpenedAccount[]): Promise<void> {
    const agent = this.#agents[proxy]
    if (agent === undefined || this.#settings.options.openAccounts === false) return
    const { root, contract, publicKey } = agent.settings
    for (const { owner, secretHash, balanceNano, stakeNano } of accounts) {
      const excess = formatRawAddress(owner)
      const client = deriveClientContract(root, { owner, proxy: contract, proxyPublicKey: publicKey })
      const send = (valueNano: bigint, body: Uint8Array, stateInit?: Uint8Array): Promise<void> =>
        this.#chain.sendInternal({ from: excess, to: client.address, valueNano, body, stateInit })
      const fields = { queryId: randomBytes(8).readBigUInt64BE(), excess }
      const open = encodeClientMessage({
        type: 'change-secret-and-top-up',
        amountNano: balanceNano,
        secretHash: bytesToHex(secretHash),
        ...fields
      })
      await send(balanceNano + DEPLOY_VALUE_NANO, open, client.stateInit)
      if (stakeNano > root.minClientStakeNano) {
        await send(
          DEPLOY_VALUE_NANO,
          encodeClientMessage({ type: 'increase-stake', newStakeNano: stakeNano, ...fields })
        )
      }
    }
  }

  /** Connects a started proxy with its hand on the chain. */
  attach(proxy: number, running: DevnetProxy): void {
    const agent = this.#agents[proxy]
    if (agent === undefined) return
    agent.attach(running)
    const { contract, wallet } = agent.settings
    this.#proxies.push({
      address: contract,
      owner: wallet.address,
      clientAddress: (owner) => new Address(0, Buffer.from(agent.clientContract(parseAddress(owner)).hash)).toString(),
      charge: (owner) => agent.charge(running.account(parseAddress(owner)))
    })
  }

  /** Money and secret of an owner as its contract at a proxy has them. */
  template(proxy: number, owner: TonAddress): AccountTemplate | undefined {
    return this.#agents[proxy]?.template(owner)
  }

  /** Commits the state of every proxy. */
  commit(): void {
    for (const agent of this.#agents) agent.commit()
  }

  async faucet(to: string, amountNano: bigint): Promise<void> {
    await this.#chain.sendInternal({ from: FAUCET, to, valueNano: amountNano, bounce: false })
  }

  advance(seconds: number): Promise<void> {
    return this.#chain.advance(seconds)
  }

  stepBlock(): Promise<number> {
    return this.#chain.stepBlock()
  }

  setAutoBlocks(enabled: boolean): void {
    this.#chain.autoBlocks = enabled
  }

  async createWallet(
    options: { readonly amountNano?: bigint; readonly seed?: Uint8Array } = {}
  ): Promise<DevnetWallet> {
    const seed = options.seed ?? new Uint8Array(randomBytes(32))
    const { publicKey, secretKey } = nacl.sign.keyPair.fromSeed(seed)
    const wallet = await openStandardWallet({ version: 'v4r2', publicKey })
    const amountNano = options.amountNano ?? 100n * TON
    if (amountNano > 0n) await this.faucet(wallet.address, amountNano)
    return {
      address: wallet.address,
      seed,
      wallet,
      sign: (hash) => Promise.resolve(nacl.sign.detached(hash, secretKey))
    }
  }

  async sendInternal(message: Parameters<DevnetChain['sendInternal']>[0]): Promise<void> {
    await this.#chain.sendInternal(message)
  }

  setCheats(...names: readonly ChainCheat[]): void {
    for (const name of names) {
      if (!Object.hasOwn(DEVNET_CHAIN_CHEATS, name)) {
        throw new CocoonError('ERR_OPTIONS', `unknown chain cheat ${name.slice(0, 64)}`, {
          phase: 'options',
          field: 'cheats'
        })
      }
    }
    this.#cheats.clear()
    for (const name of names) this.#cheats.add(name)
    if (this.#cheats.has('vanish')) this.#settings.onVanish()
    else for (const agent of this.#agents) agent.resume()
  }

  async idle(): Promise<void> {
    await Promise.all(this.#agents.map((agent) => agent.idle()))
    await this.#chain.settled()
  }
}

function clockOf(chain: LocalChain): Clock {
  return {
    now: () => chain.nowUnix * 1000,
    monotonic: () => performance.now(),
    setTimer: (callback, delayMs) => {
      const timer = setTimeout(callback, delayMs)
      timer.unref()
      return () => clearTimeout(timer)
    }
  }
}
