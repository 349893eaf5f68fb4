/** Accounts, signers, long authorisation and delegated channels. */
import { Address, toNano } from '@ton/core'
import { UserRejectsError } from '@tonconnect/sdk'
import nacl from 'tweetnacl'
import { describe, expect, it } from 'vitest'
import { parseAddress } from '../../../src/encoding/index.js'
import {
  assertStrongSecret,
  createAccount,
  createLongAuthorizer,
  ed25519Sign,
  exportAccount,
  findChannel,
  importAccount,
  memoryLedgerStore,
  openLedger,
  prepareDelegatedChannel,
  secretHash,
  senderSigner,
  tonConnectRequest,
  tonConnectSigner,
  walletSigner,
  type ChannelEnvironment
} from '../../../src/payments/channel/index.js'
import { deriveProxyContract, openStandardWallet, parseRootState } from '../../../src/payments/contracts/index.js'
import { offlineNetwork, openRegistry } from '../../../src/payments/registry/index.js'
import { FakeClock } from '../../support/fake-clock.js'
import { SeededRandom } from '../../support/seeded-random.js'
import { bocHash, fromBase64, fromHex, HAS_VECTORS, mainnetRootBoc, paymentsVectors } from '../support.js'
import { Sandbox, SandboxSource } from '../sandbox.js'

const OWNER = `0:${'aa'.repeat(32)}`
const TON = 1_000_000_000n

describe('accounts', () => {
  it('exports encrypted and imports only with the passphrase and unchanged', async () => {
    const account = createAccount(OWNER, new SeededRandom())
    const text = await exportAccount(account, 'correct horse battery', new SeededRandom(3))
    expect(text).not.toContain(Buffer.from(account.secret).toString('hex'))
    expect(await importAccount(text, 'correct horse battery')).toEqual(account)
    await expect(importAccount(text, 'correct horse batterz')).rejects.toMatchObject({ code: 'ERR_ACCOUNT' })
    const moved = text.replace(OWNER, `0:${'ab'.repeat(32)}`)
    await expect(importAccount(moved, 'correct horse battery')).rejects.toMatchObject({ code: 'ERR_ACCOUNT' })
    for (const bad of ['', '{}', text.replace('600000', '6'), text.replace('600000', '60000000000'), 'x'.repeat(5000)])
      await expect(importAccount(bad, 'correct horse battery')).rejects.toMatchObject({ code: 'ERR_ACCOUNT' })
    await expect(exportAccount(account, 'short', new SeededRandom())).rejects.toMatchObject({ code: 'ERR_ACCOUNT' })
  })

  it('hashes the secret as the chain stores it', async () => {
    // contracts.md §4: SHA-256("secret").
    expect(await secretHash(new TextEncoder().encode('secret'))).toBe(
      '2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b'
    )
    expect(() => assertStrongSecret(new SeededRandom(5).bytes(32))).not.toThrow()
  })
})

describe('signers', () => {
  const message = { to: OWNER, valueNano: 5n, bounce: true, body: fromBase64('te6cckEBAQEAAgAAAEysuc0=') }

  it.skipIf(!HAS_VECTORS).each(['V5R1', 'V4R2'] as const)(
    'builds the TON Connect request of the vectors: %s',
    (version) => {
      const want = paymentsVectors().tonConnect[version]
      const made = tonConnectRequest(
        want.from,
        want.messages.map((entry) => ({
          to: entry.address,
          valueNano: BigInt(entry.amount),
          bounce: true,
          body: fromBase64(entry.payload),
          ...(entry.stateInit !== undefined && { stateInit: fromBase64(entry.stateInit) })
        })),
        { validUntilUnix: want.validUntil }
      )
      expect(made).toEqual({ ...want, messages: want.messages })
      expect(made.messages.map((entry) => bocHash(fromBase64(entry.payload ?? '')))).toEqual(
        want.messages.map((entry) => bocHash(fromBase64(entry.payload)))
      )
    }
  )

  it('tells a declined confirmation from one whose fate is unknown', async () => {
    const fail = (error: object): Promise<unknown> =>
      tonConnectSigner({ address: OWNER, connector: { sendTransaction: () => Promise.reject(error) } })
        .send([message], { validUntilUnix: 1 })
        .catch((caught: unknown) => caught)
    expect(await fail(new UserRejectsError())).toMatchObject({ code: 'ERR_ABORTED', charged: 'no' })
    expect(await fail({ code: 300 })).toMatchObject({ code: 'ERR_ABORTED', charged: 'no' })
    expect(await fail(new Error('bridge lost'))).toMatchObject({ charged: 'unknown' })
  })

  it("sends through @ton/core's Sender, whose messages have no end of validity", async () => {
    const seen: unknown[] = []
    const signer = senderSigner({ address: Address.parse(OWNER), send: async (args) => void seen.push(args) })
    await signer.send([message], { validUntilUnix: 1 })
    expect(signer.enforcesValidity).toBe(false)
    expect(seen).toEqual([expect.objectContaining({ value: 5n, bounce: true })])
    expect(() => senderSigner({ send: async () => undefined })).toThrow(
      expect.objectContaining({ code: 'ERR_OPTIONS' })
    )
  })
})

describe.skipIf(!HAS_VECTORS)('on the mainnet bytecode', () => {
  const PROXY_OWNER = `0:${'bb'.repeat(32)}`
  const PROXY_KEY = nacl.sign.keyPair.fromSeed(fromHex('c0'.repeat(32))).publicKey
  const seed = fromHex('0a'.repeat(32))
  const { publicKey } = nacl.sign.keyPair.fromSeed(seed)

  async function world(): Promise<{
    environment: ChannelEnvironment
    sandbox: Sandbox
    source: SandboxSource
    wallet: { address: string }
    proxy: { address: string }
  }> {
    const sandbox = await Sandbox.create(1_790_000_000)
    const source = new SandboxSource(sandbox)
    const clock = new FakeClock(1_790_000_000_000)
    const wallet = await openStandardWallet({ version: 'v5r1', publicKey })
    await sandbox.send({ from: OWNER, to: wallet.address, valueNano: 100n * TON, bounce: false })
    const { rootAddress } = paymentsVectors().mainnet
    const proxy = deriveProxyContract(parseRootState(mainnetRootBoc()), {
      proxyOwner: PROXY_OWNER,
      proxyPublicKey: PROXY_KEY,
      root: rootAddress
    })
    await sandbox.send({ from: PROXY_OWNER, to: proxy.address, valueNano: toNano('0.3'), stateInit: proxy.stateInit })
    const environment: ChannelEnvironment = {
      registry: openRegistry({ network: offlineNetwork(rootAddress, mainnetRootBoc()), clock }),
      reader: source,
      clock,
      random: new SeededRandom(),
      ledger: await openLedger({ store: memoryLedgerStore(), clock }),
      signer: walletSigner({ wallet, sign: ed25519Sign(seed), reader: source, sender: source })
    }
    return { environment, sandbox, source, wallet, proxy }
  }

  it('registers for a long authorisation inside the written consent, and only for derived contracts', async () => {
    const { environment, wallet, proxy } = await world()
    const channel = await findChannel(
      { owner: wallet.address, proxyOwner: PROXY_OWNER, proxyPublicKey: PROXY_KEY },
      environment
    )
    const offer = {
      nonce: 77n,
      proxy: {
        publicKey: PROXY_KEY,
        ownerAddress: parseAddress(PROXY_OWNER),
        contractAddress: parseAddress(proxy.address)
      },
      clientContractAddress: parseAddress(channel.identity.contract)
    }
    const authorize = createLongAuthorizer({
      ...environment,
      owner: wallet.address,
      confirmation: { valueNano: 230_000_000n, capNano: 230_000_000n, limits: { perDayNano: 300_000_000n } }
    })
    await expect(authorize({ ...offer, clientContractAddress: parseAddress(OWNER) })).rejects.toMatchObject({
      code: 'ERR_REGISTRY_MISMATCH'
    })
    await authorize(offer)
    expect(await channel.track()).toEqual([expect.objectContaining({ kind: 'register', result: 'done' })])
    expect((await channel.view()).phase).toBe('open')
    await expect(authorize({ ...offer, nonce: 78n })).rejects.toMatchObject({
      code: 'ERR_LIMIT_EXCEEDED',
      field: 'perDayNano'
    })
  })

  it('a sponsor opens a channel for a user, closes it, and sweeps what is left', async () => {
    const { environment, source, sandbox, wallet } = await world()
    const { signer: sponsor, ...rest } = environment
    if (sponsor === undefined) throw new Error('no sponsor')
    let asked = 0
    const delegated = await prepareDelegatedChannel({
      ...rest,
      sponsor: { ...sponsor, send: (...sent) => (asked++, sponsor.send(...sent)) },
      publicKey,
      sign: ed25519Sign(seed),
      sender: source,
      subwallet: 7,
      proxyOwner: PROXY_OWNER,
      proxyPublicKey: PROXY_KEY
    })
    expect(delegated.account.secret).toHaveLength(32)
    expect(delegated.account.owner).not.toBe(Address.parse(wallet.address).toRawString())
    await expect(
      delegated.fund({ valueNano: 2n * TON, capNano: 2n * TON, signal: AbortSignal.abort() })
    ).rejects.toMatchObject({ code: 'ERR_ABORTED', charged: 'no' })
    expect(asked).toBe(0)
    await delegated.fund({ valueNano: 2n * TON, capNano: 2n * TON })
    await expect(delegated.fund({ valueNano: TON, capNano: TON })).rejects.toMatchObject({ code: 'ERR_CHANNEL_STATE' })
    expect(await delegated.trackTransfers()).toBe(0)
    const plan = await delegated.channel.open({ depositNano: TON, secret: delegated.account.secret })
    await delegated.channel.send(plan, {
      valueNano: plan.minimumValueNano,
      capNano: 2n * TON,
      acknowledge: ['deposit-below-stake']
    })
    expect(await delegated.channel.track()).toEqual([expect.objectContaining({ result: 'done' })])
    expect((await delegated.channel.view()).client).toMatchObject({
      balanceNano: TON,
      secretHash: await secretHash(delegated.account.secret)
    })
    const left = await sandbox.balance(delegated.account.owner)
    expect(left).toBeGreaterThan(700_000_000n)
    await expect(delegated.sweep({ valueNano: TON, capNano: 1n })).rejects.toMatchObject({ code: 'ERR_LIMIT_EXCEEDED' })
    await delegated.sweep({ valueNano: 500_000_000n, capNano: 500_000_000n })
    expect(await delegated.trackTransfers()).toBe(0)
    expect(await sandbox.balance(delegated.account.owner)).toBeLessThan(left - 500_000_000n)
  })
})
