/**
 * A whole network on one machine: proxies with proof of work and TLS on loopback, workers and upstream in process.
 *
 * Money and the chain are in memory. Nothing here is meant to face a network.
 *
 * @module
 */
import type { DevnetChainDescription, DevnetDescription } from '../attestation/index.js'
import { bytesToHex, parseAddress, type TonAddress } from '../encoding/index.js'
import { MAINNET_SAMPLE_PRICES, type TokenPrices } from '../payments/pricing/index.js'
import { RunningChain, type DevnetChainOptions } from './chain/index.js'
import { FaultBoard } from './faults/index.js'
import { KeyManager, type PublishedKey } from './keys/index.js'
import { KnownAccounts, type MoneyChange } from './known-accounts.js'
import { Lifetime } from './lifetime.js'
import { DevnetLog, type DevnetConnection, type DevnetRequest, type DevnetStats } from './log.js'
import {
  DEFAULT_DEVNET_SECRET,
  DEFAULT_DEVNET_WORKERS,
  type DevnetOptions,
  type DevnetWorkerOptions
} from './options.js'
import type { ProxyAccount } from './proxy/account.js'
import { ClientConnection } from './proxy/connection.js'
import { addressText, createProxyIdentity, devnetAddress } from './proxy/identity.js'
import type { Market } from './proxy/market.js'
import { DevnetProxy } from './proxy/proxy.js'
import { createServerCertificate, type ServerCertificate } from './server/certificate.js'
import { Listener, type FrontRules } from './server/listener.js'
import { createTeeVendor, startCollateralServer, type TeeVendor } from './tee-vendor/index.js'
import type { Devnet, DevnetNetwork } from './types.js'
import { createGenerator, createHttpUpstream, type Upstream } from './upstream/index.js'
import { DevnetWorker } from './worker/index.js'

class RunningDevnet implements Devnet {
  readonly network: DevnetNetwork
  readonly account: { readonly owner: string; readonly secret: string | Uint8Array }
  readonly prices: TokenPrices
  readonly certificates: Uint8Array[] = []
  readonly proxyPublicKeys: Uint8Array[] = []
  readonly #options: DevnetOptions
  readonly #lifetime = new Lifetime()
  readonly #log = new DevnetLog()
  readonly #market: Market = new Map()
  readonly #accounts: KnownAccounts
  readonly #proxies: DevnetProxy[] = []
  readonly #listeners: Listener[] = []
  readonly #faults: FaultBoard
  readonly #now: () => number
  readonly #upstream: Upstream
  readonly #vendor: TeeVendor
  readonly #keys: KeyManager
  pccsUrl: string | undefined
  chain: RunningChain | undefined

  constructor(options: DevnetOptions) {
    this.#options = options
    this.#now = options.now ?? ((): number => performance.timeOrigin + performance.now())
    this.#vendor = createTeeVendor(options.tee ?? {}, this.#now(), options.version ?? 'apr-2026')
    this.prices = options.prices ?? MAINNET_SAMPLE_PRICES
    this.#keys = new KeyManager(this.#now)
    this.network = {
      isTest: options.isTest ?? true,
      configVersion: options.configVersion ?? 1,
      proxies: [],
      encryptionKeys: this.#keys.published
    }
    const owner = options.account?.owner ?? addressText(devnetAddress('account owner'), this.network.isTest)
    const secret = options.account?.secret ?? (options.authorization === 'fake-ton' ? '' : DEFAULT_DEVNET_SECRET)
    this.account = { owner, secret }
    this.#upstream = this.#upstreamFor(options.upstream)
    this.#accounts = new KnownAccounts(options.authorization ?? 'short', this.prices.pricePerTokenNano)
    for (const known of [{ ...options.account, owner, secret }, ...(options.accounts ?? [])]) this.#accounts.add(known)
    for (const worker of options.workers ?? DEFAULT_DEVNET_WORKERS) this.addWorker(worker)
    this.#faults = new FaultBoard({
      upstream: this.#upstream,
      makeWorker: (model, upstream) => this.#makeWorker({ model, upstream })
    })
    this.#faults.set(options.faults ?? [])
  }

  async start(): Promise<void> {
    await this.#serveCollateral()
    if (this.#options.encryption === true) await this.#keys.add()
    const { proxies = 1, port = 0, host = '127.0.0.1' } = this.#options
    const owner = devnetAddress('proxy owner')
    this.chain = await this.#startChain(host)
    for (let index = 0; index < proxies; index++) {
      const certificate = await this.#certificate(index)
      const proxy = await this.#makeProxy(index, owner)
      const listener = new Listener({
        proxyIndex: index,
        host,
        port: port === 0 ? 0 : port + index,
        certificate,
        lifetime: this.#lifetime,
        log: this.#log,
        now: this.#now,
        rules: () => this.#frontRules(),
        onConnection: (socket, entry) =>
          void new ClientConnection({
            socket,
            entry,
            log: this.#log,
            lifetime: this.#lifetime,
            version: proxy.settings.version,
            idleTimeoutMs: this.#options.idleTimeoutMs ?? 60_000,
            handler: proxy,
            ignorePings: this.#faults.ignorePings
          })
      })
      this.network.proxies.push(await listener.listen())
      this.certificates.push(certificate.certificateDer)
      this.proxyPublicKeys.push(proxy.settings.identity.publicKey)
      this.#proxies.push(proxy)
      this.#listeners.push(listener)
      this.chain?.attach(index, proxy)
      await this.chain?.openAccounts(index, this.#accounts.opened())
    }
    await this.chain?.changeRoot({
      proxies: [...this.network.proxies],
      encryptionKeys: [...this.network.encryptionKeys]
    })
  }

  async #startChain(host: string): Promise<RunningChain | undefined> {
    const { chain = false, stateCommitMs = 30_000 } = this.#options
    if (chain === false) return undefined
    const options: DevnetChainOptions = chain === true ? {} : chain
    const { isTest, configVersion } = this.network
    const root = { isTest, configVersion, prices: this.prices, proxyHashes: this.imageHashes }
    const onVanish = (): void => this.dropConnections()
    return RunningChain.start({
      options,
      root,
      host,
      lifetime: this.#lifetime,
      now: this.#now,
      stateCommitMs,
      onVanish
    })
  }

  #frontRules(): FrontRules {
    const rules = this.#faults.frontRules(this.#options.difficultyBits ?? 8)
    return this.chain?.vanished === true ? { ...rules, closeOnAccept: true } : rules
  }

  #certificate(proxy: number): Promise<ServerCertificate> {
    const { certificate, evidence, certificateVersion } = this.#options
    const nowUnixMs = this.#now()
    if (certificate !== undefined) return certificate({ proxy, nowUnixMs })
    const { shiftMs = 0, changeDer } = this.#vendor.certificateFault
    return createServerCertificate({
      version: certificateVersion ?? 1,
      evidence: evidence ?? this.#vendor.evidence,
      nowUnixMs: nowUnixMs + shiftMs,
      changeDer
    })
  }

  async #serveCollateral(): Promise<void> {
    if (this.#options.servesCollateral !== true) return
    const collateral = this.#vendor.describe().collateral.find((item) => 'tcb_info' in item)
    if (collateral === undefined) return
    const server = await startCollateralServer(collateral)
    this.#lifetime.onClose(server.close)
    this.pccsUrl = server.url
  }

  get imageHashes(): readonly string[] {
    return this.#vendor.imageHashes
  }

  describe(): DevnetDescription {
    const { network, account, prices, chain } = this
    const secret = typeof account.secret === 'string' ? account.secret : { hex: bytesToHex(account.secret) }
    return {
      schema: 'cocoonkit.devnet-description.v1',
      name: network.proxies[0] ?? 'devnet',
      network: {
        ...network,
        proxies: [...network.proxies],
        encryptionKeys: [...network.encryptionKeys],
        pricePerTokenNano: prices.pricePerTokenNano.toString()
      },
      account: { owner: account.owner, secret },
      prices: {
        pricePerTokenNano: prices.pricePerTokenNano.toString(),
        workerFeePerTokenNano: prices.workerFeePerTokenNano.toString(),
        multipliers: { ...prices.multipliers }
      },
      ...(chain === undefined ? {} : { chain: describeChain(chain, this.proxyPublicKeys) }),
      attestation: this.#vendor.describe()
    }
  }

  async #makeProxy(index: number, owner: TonAddress): Promise<DevnetProxy> {
    const options = this.#options
    const identity = createProxyIdentity(owner, options.proxySeeds?.[index])
    return new DevnetProxy({
      index,
      version: options.version ?? 'apr-2026',
      isTest: this.network.isTest,
      configVersion: () => this.chain?.rootVersion ?? this.network.configVersion,
      authorization: options.authorization ?? 'short',
      identity: (await this.chain?.addProxy(identity)) ?? identity,
      prices: this.prices,
      market: this.#market,
      proxyCount: () => Math.max(1, this.#proxies.length),
      databaseFlushMs: options.databaseFlushMs ?? 1500,
      stateCommitMs: options.stateCommitMs ?? 30_000,
      lifetime: this.#lifetime,
      log: this.#log,
      now: this.#now,
      openAccount: (address) => this.chain?.template(index, address) ?? this.#accounts.template(address),
      findKey: (publicKey) => this.#keys.find(publicKey),
      faultWorker: (model) => this.#faults.workerFor(model),
      planFault: (model, worker) => this.#faults.plan(model, worker),
      onConnected: (connection) => this.#faults.connected(connection)
    })
  }

  #upstreamFor(upstream: string | Upstream | undefined): Upstream {
    if (typeof upstream === 'function') return upstream
    if (upstream !== undefined) return createHttpUpstream(upstream)
    return createGenerator({
      tokenDelayMs: this.#options.tokenDelayMs ?? 0,
      firstTokenDelayMs: this.#options.firstTokenDelayMs ?? 0,
      streamFormat: this.#options.streamFormat ?? 'sse',
      delay: (delayMs, signal) => this.#lifetime.delay(delayMs, signal),
      now: this.#now
    })
  }

  #makeWorker(options: DevnetWorkerOptions): DevnetWorker {
    const behaviour = options.behaviour ?? this.#options.worker ?? 'event-by-event'
    const settings = {
      model: options.model,
      behaviour,
      // An old worker may serve a new proxy; it checks requests in its own way.
      rules: behaviour === 'dec-2025' ? behaviour : (this.#options.version ?? 'apr-2026'),
      upstream: options.upstream === undefined ? this.#upstream : this.#upstreamFor(options.upstream),
      prices: this.prices,
      lifetime: this.#lifetime,
      now: this.#now
    }
    return new DevnetWorker(settings, options.coefficient ?? 1000, options.maxActiveRequests ?? 60)
  }

  get requests(): readonly DevnetRequest[] {
    return this.#log.requests
  }

  get connections(): readonly DevnetConnection[] {
    return this.#log.connections
  }

  stats(): DevnetStats {
    return { ...this.#log.totals }
  }

  get pendingNonces(): readonly bigint[] {
    return this.#proxies.flatMap((proxy) => proxy.pendingNonces)
  }

  register(nonce: bigint, owner?: string): boolean {
    const address = owner === undefined ? undefined : parseAddress(owner)
    const secretHash = this.#accounts.secretHashOf(address ?? parseAddress(this.account.owner))
    return this.#proxies.map((proxy) => proxy.register(nonce, address, secretHash)).includes(true)
  }

  setFault(...names: readonly string[]): void {
    this.#faults.set(names)
  }

  addWorker(options: DevnetWorkerOptions): void {
    const workers = this.#market.get(options.model) ?? []
    this.#market.set(options.model, workers)
    workers.push(this.#makeWorker(options))
  }

  removeWorkers(model: string): void {
    this.#market.get(model)?.splice(0)
  }

  setWorkersEnabled(model: string, enabled: boolean): void {
    for (const worker of this.#market.get(model) ?? []) worker.enabled = enabled
  }

  setProxyEnabled(proxy: number, enabled: boolean): void {
    const found = this.#proxies[proxy]
    if (found !== undefined) found.enabled = enabled
  }

  setAccount(owner: string, change: MoneyChange & { readonly state?: 0 | 1 | 2 }): void {
    const address = parseAddress(owner)
    this.#accounts.change(address, change)
    for (const proxy of this.#proxies) {
      const account = proxy.account(address)
      account.balanceNano = change.balanceNano ?? account.balanceNano
      account.stakeNano = change.stakeNano ?? account.stakeNano
      account.state = change.state ?? account.state
    }
  }

  #eachAccount(action: (account: ProxyAccount) => void): void {
    for (const proxy of this.#proxies) proxy.accounts.forEach(action)
  }

  async rotateKey(ttlSeconds?: number): Promise<PublishedKey> {
    const key = await this.#keys.add(undefined, ttlSeconds)
    await this.chain?.changeRoot({ encryptionKeys: [...this.network.encryptionKeys] })
    return key
  }

  forgetKeys(): void {
    this.#keys.forget()
  }

  commit(): void {
    this.#eachAccount((account) => account.commit())
    this.chain?.commit()
  }

  dropConnections(proxy?: number): void {
    for (const one of this.#proxies) {
      if (proxy !== undefined && one.settings.index !== proxy) continue
      for (const connection of one.connections) connection.close('dropped')
    }
  }

  get liveHandles(): number {
    return this.#lifetime.size + this.#proxies.reduce((sum, proxy) => sum + proxy.running.size, 0)
  }

  async close(): Promise<void> {
    const closed = this.#listeners.map((listener) => listener.closed())
    this.#lifetime.close()
    await Promise.all(closed)
    await Promise.all(this.#proxies.flatMap((proxy) => [...proxy.running]))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

function describeChain(
  { url, rootAddress, proxies }: RunningChain,
  publicKeys: readonly Uint8Array[]
): DevnetChainDescription {
  const parties = proxies.map(({ owner }, index) => ({
    owner,
    publicKey: bytesToHex(publicKeys[index] ?? new Uint8Array())
  }))
  return { url, rootAddress, proxies: parties }
}

/**
 * Starts a devnet; ready when it resolves.
 *
 * @throws CocoonError `ERR_OPTIONS` for an unknown fault, an unknown kind of evidence or an unparsable account.
 * @example
 * ```ts
 * const devnet = await startDevnet()
 * const cocoon = new Cocoon(fromDevnet(devnet))
 * ```
 */
export async function startDevnet(options: DevnetOptions = {}): Promise<Devnet> {
  const devnet = new RunningDevnet(options)
  try {
    await devnet.start()
  } catch (error) {
    await devnet.close()
    throw error
  }
  return devnet
}
