/**
 * A network of the mainnet root and bytecode in a sandbox, with one owner who has coins.
 *
 * @module
 */
import { beginCell, Cell } from '@ton/core'
import nacl from 'tweetnacl'
import {
  deriveProxyContract,
  encodeProxyMessage,
  openCocoonWallet,
  openStandardWallet,
  parseRootState,
  signCharge,
  signProxyClose,
  verifySignedCharge,
  type Wallet
} from '../../../src/payments/contracts/index.js'
import {
  ed25519Sign,
  findChannel,
  memoryLedgerStore,
  openLedger,
  walletSigner,
  type Channel,
  type ChannelEnvironment,
  type ChannelPlan,
  type Confirmation,
  type Ledger,
  type RiskId
} from '../../../src/payments/channel/index.js'
import { offlineNetwork, openRegistry } from '../../../src/payments/registry/index.js'
import { expect } from 'vitest'
import { FakeClock } from '../../support/fake-clock.js'
import { SeededRandom } from '../../support/seeded-random.js'
import { fromBase64, fromHex, mainnetRootBoc, paymentsVectors, toHex } from '../support.js'
import { Sandbox, SandboxSource } from '../sandbox.js'

export const TON = 1_000_000_000n
export const START = 1_790_000_000
export const PROXY_SEED = fromHex('c0'.repeat(32))
export const PROXY_KEY = nacl.sign.keyPair.fromSeed(PROXY_SEED).publicKey
export const PROXY_OWNER = `0:${'bb'.repeat(32)}`
export const ANYBODY = `0:${'ab'.repeat(32)}`
export const SECRET = new SeededRandom(7).bytes(32)

/** See the module. */
export class World {
  declare readonly sandbox: Sandbox
  declare readonly source: SandboxSource
  declare readonly clock: FakeClock
  declare readonly ledger: Ledger
  declare readonly wallet: Wallet
  declare readonly environment: ChannelEnvironment
  declare readonly proxy: { readonly address: string; readonly stateInit: Uint8Array }
  declare channel: Channel

  static async create(
    options: { coins?: bigint; proxyDeployed?: boolean; limits?: object; wallet?: 'v5r1' | 'cocoon' } = {}
  ): Promise<World> {
    const sandbox = await Sandbox.create(START)
    const source = new SandboxSource(sandbox)
    const clock = new FakeClock(START * 1000)
    const ledger = await openLedger({
      store: memoryLedgerStore(),
      clock,
      ...(options.limits && { limits: options.limits })
    })
    const seed = fromHex('0a'.repeat(32))
    const { publicKey } = nacl.sign.keyPair.fromSeed(seed)
    const wallet =
      options.wallet === 'cocoon'
        ? openCocoonWallet({ code: fromBase64(paymentsVectors().codes.wallet.boc), publicKey, owner: ANYBODY })
        : await openStandardWallet({ version: 'v5r1', publicKey })
    await sandbox.send({ from: ANYBODY, to: wallet.address, valueNano: options.coins ?? 100n * TON, bounce: false })
    const { rootAddress } = paymentsVectors().mainnet
    const registry = openRegistry({ network: offlineNetwork(rootAddress, mainnetRootBoc()), clock })
    const signer = walletSigner({ wallet, sign: ed25519Sign(seed), reader: source, sender: source })
    const environment: ChannelEnvironment = {
      registry,
      reader: source,
      ledger,
      signer,
      clock,
      random: new SeededRandom(),
      messageLifetimeSeconds: 300
    }
    const proxy = deriveProxyContract(parseRootState(mainnetRootBoc()), {
      proxyOwner: PROXY_OWNER,
      proxyPublicKey: PROXY_KEY,
      root: rootAddress
    })
    const channel = await findChannel(
      { owner: wallet.address, proxyOwner: PROXY_OWNER, proxyPublicKey: PROXY_KEY },
      environment
    )
    const world = Object.assign(new World(), { sandbox, source, clock, ledger, wallet, environment, proxy, channel })
    if (options.proxyDeployed !== false) await world.deployProxy()
    return world
  }

  async deployProxy(): Promise<void> {
    await this.sandbox.send({
      from: PROXY_OWNER,
      to: this.proxy.address,
      valueNano: 300_000_000n,
      stateInit: this.proxy.stateInit
    })
  }

  async advance(seconds: number): Promise<void> {
    await this.clock.advance(seconds * 1000)
    this.sandbox.nowUnix += seconds
  }

  /** Confirms a plan with exactly its minimum and looks at the result. */
  async go(plan: ChannelPlan, more: Partial<Confirmation> = {}): Promise<string> {
    const valueNano = plan.minimumValueNano
    await this.channel.send(plan, { valueNano, capNano: valueNano, ...more })
    const [outcome] = await this.channel.track()
    return outcome?.result ?? 'nothing pending'
  }

  async opened(depositNano = 20n * TON): Promise<this> {
    const acknowledge: RiskId[] = depositNano <= 15n * TON ? ['deposit-below-stake'] : []
    expect(await this.go(await this.channel.open({ depositNano, secret: SECRET }), { acknowledge })).toBe('done')
    return this
  }

  async closing(depositNano?: bigint): Promise<this> {
    await this.opened(depositNano)
    expect(await this.go(await this.channel.close(), { acknowledge: ['close-burns-address'] })).toBe('done')
    return this
  }

  /** The proxy signs the total, as after requests. */
  async signed(tokens: bigint, kind: 'charge' | 'grant' = 'charge'): Promise<Uint8Array> {
    const boc = signCharge({
      kind,
      queryId: tokens + 1n,
      tokens,
      target: this.channel.identity.contract,
      excess: PROXY_OWNER,
      seed: PROXY_SEED
    })
    if (kind === 'charge') {
      verifySignedCharge(boc, { proxyPublicKey: PROXY_KEY, clientContract: this.channel.identity.contract })
      await this.ledger.recordCharge({ contract: this.channel.identity.contract, tokens, boc: toHex(boc) })
    }
    return boc
  }

  async stakeProxy(amountNano: bigint): Promise<void> {
    const body = encodeProxyMessage({ type: 'increase-proxy-stake', queryId: 1n, amountNano, excess: ANYBODY })
    await this.sandbox.send({ from: ANYBODY, to: this.proxy.address, valueNano: amountNano + TON, body })
  }

  async closeProxy(): Promise<void> {
    for (const step of ['close', 'complete'] as const) {
      const body = signProxyClose({ step, queryId: 1n, target: this.proxy.address, excess: ANYBODY, seed: PROXY_SEED })
      await this.sandbox.send({ from: ANYBODY, to: this.proxy.address, valueNano: TON, body })
    }
  }

  ownerNano(): Promise<bigint> {
    return this.sandbox.balance(this.wallet.address)
  }
}

/** The mainnet root with a later version of the same params: every contract address moves. */
export function laterRootBoc(paramsVersion = 18): Uint8Array {
  const root = Cell.fromBoc(Buffer.from(mainnetRootBoc()))[0]?.beginParse()
  if (root === undefined) throw new Error('no root')
  const owner = root.loadAddress()
  const version = root.loadUint(32)
  const data = root.loadRef()
  const params = root.loadRef().beginParse()
  const structVersion = params.loadUint(8)
  params.skip(32)
  const later = beginCell().storeUint(structVersion, 8).storeUint(paramsVersion, 32).storeSlice(params).endCell()
  const state = beginCell()
    .storeAddress(owner)
    .storeUint(version + 1, 32)
    .storeRef(data)
    .storeRef(later)
  return new Uint8Array(state.storeSlice(root).endCell().toBoc())
}
