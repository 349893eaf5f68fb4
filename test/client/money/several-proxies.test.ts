/** Money with several proxies: the policy `failover`, plans, keys from the root contract, receipts of encrypted calls. */
import { afterEach, describe, expect, it, vi } from 'vitest'
import { fromDevnet, startDevnet, type Devnet, type DevnetOptions } from '../../../src/devnet.js'
import { Cocoon, type CocoonOptions } from '../../../src/index.js'
import { systemClock } from '../../../src/runtime/shared/index.js'
import { auditReceipt, type Ledger, memoryLedgerStore, openLedger, testnet, usableKeys } from '../../../src/ton.js'
import { acceptAnyPeer } from '../../../src/unsafe.js'

vi.setConfig({ testTimeout: 120_000 })

const open: Array<{ close(): Promise<void> }> = []
afterEach(async () => {
  for (const one of open.splice(0).toReversed()) await one.close()
})

async function start(options: DevnetOptions): Promise<Devnet> {
  const devnet = await startDevnet(options)
  open.push(devnet)
  return devnet
}

function newLedger(): Promise<Ledger> {
  return openLedger({ store: memoryLedgerStore(), clock: systemClock })
}

function withRoot(devnet: Devnet, options: Partial<CocoonOptions> = {}): Cocoon {
  const { chain, account } = devnet
  if (chain === undefined) throw new Error('no chain')
  const network = testnet(chain.rootAddress)
  const { attestation } = fromDevnet(devnet)
  const cocoon = new Cocoon({ network, chain: chain.reader, account, attestation, ...options })
  open.push(cocoon)
  return cocoon
}

const ask = { model: 'devnet/echo', messages: [{ role: 'user' as const, content: 'hello there' }], max_tokens: 20 }
const CHEATING: DevnetOptions = { chain: { cheats: ['overcharge'] }, databaseFlushMs: 0, stateCommitMs: 0 }

describe('the policy failover', () => {
  /** Asks until a proxy is found out, which may be when it greets. */
  async function askUntilFound(cocoon: Cocoon, devnet: Devnet, found: string[][]): Promise<void> {
    for (let count = 0; count < 20 && found.length === 0; count++) {
      try {
        const { requestId } = await cocoon.chat.completions.create(ask).withResponse()
        devnet.commit()
        await cocoon.receipt(requestId)
        await cocoon.refreshPayments()
      } catch (error) {
        expect(error).toMatchObject({ code: 'ERR_OVERCHARGE', charged: 'no' })
      }
    }
    expect(found.flat()).toContain('signed-above-total')
  }

  it('leaves the proxy that takes too much for the next one; without a next one nothing is sent', async () => {
    const cheat = await start(CHEATING)
    const honest = await start({ databaseFlushMs: 0, stateCommitMs: 0 })
    const found: string[][] = []
    const book = await newLedger()
    const cocoon = new Cocoon({
      network: { proxies: [...cheat.network.proxies, ...honest.network.proxies], isTest: true, configVersion: 1 },
      account: cheat.account,
      attestation: acceptAnyPeer(),
      select: (candidates) => candidates,
      payments: {
        ledger: book,
        prices: cheat.prices,
        overcharge: 'failover',
        onOvercharge: ({ findings }, policy) => {
          expect(policy).toBe('failover')
          found.push(findings.map(({ id }) => id))
        }
      }
    })
    open.push(cocoon)
    await askUntilFound(cocoon, cheat, found)
    const asked = cheat.requests.length
    for (let count = 0; count < 3; count++) {
      const { requestId, peer } = await cocoon.chat.completions.create(ask).withResponse()
      expect(peer.address).toBe(honest.network.proxies[0])
      expect((await cocoon.receipt(requestId)).findings).toEqual([])
    }
    // In parallel with dials under way, and for other calls too.
    await Promise.all([1, 2, 3].map(() => cocoon.chat.completions.create(ask)))
    expect(cheat.requests.length).toBe(asked)
    expect((await cocoon.market()).peer.address).toBe(honest.network.proxies[0])
    // What the cheat signed is kept as evidence.
    expect(book.receipts().length).toBeGreaterThan(3)
  })

  it('refuses when every proxy is ruled out, before anything is reserved or sent', async () => {
    const devnet = await start(CHEATING)
    const found: string[][] = []
    const book = await newLedger()
    const cocoon = withRoot(devnet, {
      payments: {
        ledger: book,
        limits: { totalNano: 10n ** 12n },
        overcharge: 'failover',
        onOvercharge: ({ findings }) => found.push(findings.map(({ id }) => id))
      }
    })
    await askUntilFound(cocoon, devnet, found)
    const asked = devnet.requests.length
    await expect(cocoon.chat.completions.create(ask)).rejects.toMatchObject({ code: 'ERR_OVERCHARGE', charged: 'no' })
    expect(devnet.requests.length).toBe(asked)
    expect(book.totals().reservedNano).toBe(0n)
    // A warning only warns.
    const warned = withRoot(devnet, { payments: { ledger: book, overcharge: 'warn' } })
    await warned.chat.completions.create(ask)
  })

  it('what is found while a call waits for its connection holds for that call', async () => {
    const devnet = await start({ ...CHEATING, chain: true })
    const book = await newLedger()
    let onFound: (() => void) | undefined
    const gate: { promise?: Promise<void> } = {}
    const cocoon = withRoot(devnet, {
      payments: { ledger: book, overcharge: 'stop', onOvercharge: () => onFound?.() },
      // The selection takes as long as it takes to find the proxy out.
      select: async (candidates) => {
        await gate.promise
        return candidates
      }
    })
    await cocoon.chat.completions.create(ask)
    gate.promise = new Promise<void>((resolve) => (onFound = resolve))
    const waiting = cocoon.chat.completions.create(ask)
    const refused = expect(waiting).rejects.toMatchObject({ code: 'ERR_OVERCHARGE', charged: 'no' })
    const asked = devnet.requests.length
    devnet.chain?.setCheats('overcharge')
    devnet.commit()
    await devnet.chain?.idle()
    await cocoon.refreshPayments()
    await refused
    expect(devnet.requests.length).toBe(asked)
  })
})

describe('several proxies under one root', () => {
  it('plan counts them, and a receipt names the contract at each', async () => {
    const devnet = await start({ chain: true, proxies: 3, databaseFlushMs: 0 })
    const book = await newLedger()
    let turn = 0
    const cocoon = withRoot(devnet, {
      payments: { ledger: book, exclusive: true, overcharge: 'stop' },
      select: (candidates) => [...candidates.slice(turn), ...candidates.slice(0, turn)]
    })
    const peers = new Set<string>()
    for (; turn < 3; turn++) {
      const { requestId, peer } = await cocoon.chat.completions.create(ask).withResponse()
      peers.add(peer.address)
      expect((await cocoon.receipt(requestId)).findings).toEqual([])
    }
    expect(peers.size).toBe(3)
    const contracts = new Set((await cocoon.receipts()).map(({ contract }) => contract))
    expect(contracts.size).toBe(3)
    const load = { model: 'devnet/echo', requestsPerDay: 100_000, promptTokens: 1000, completionTokens: 200 }
    const small = await cocoon.plan(load)
    expect(small.proxies).toBeGreaterThanOrEqual(1)
    expect(small.proxies).toBeLessThanOrEqual(3)
    const large = await cocoon.plan({ ...load, requestsPerDay: 50_000_000 })
    expect(large.proxies).toBeGreaterThan(small.proxies)
    expect(large.lowestNanoPerDay).toBe(small.lowestNanoPerDay * 500n)
  })
})

describe('keys of the root contract', () => {
  it('encrypt requests, and receipts of encrypted calls hold', async () => {
    const devnet = await start({ chain: true, encryption: true, databaseFlushMs: 0, stateCommitMs: 0 })
    const book = await newLedger()
    const cocoon = withRoot(devnet, {
      encryption: 'required',
      payments: { ledger: book, exclusive: true, overcharge: 'stop' }
    })
    const keys = usableKeys(await cocoon.registry(), { nowMs: Date.now(), requestTimeoutMs: 60_000 })
    expect(keys.length).toBeGreaterThan(0)
    const published = devnet.network.encryptionKeys.map(({ publicKey }) => publicKey)
    for (const { publicKey } of keys) expect(published).toContain(Buffer.from(publicKey).toString('hex'))

    const whole = await cocoon.chat.completions.create(ask).withResponse()
    const streamed = await cocoon.chat.completions
      .create({ ...ask, stream: true, stream_options: { include_usage: true } })
      .withResponse()
    let text = ''
    for await (const chunk of streamed.data) text += chunk.choices[0]?.delta.content ?? ''
    expect(text).not.toBe('')
    for (const { requestId, encrypted } of [whole, streamed]) {
      expect(encrypted).toBe(true)
      const receipt = await cocoon.receipt(requestId)
      expect(receipt).toMatchObject({ outcome: 'complete', bodyRead: true, findings: [] })
      // Numbers stay clear in an encrypted answer, so the charge is checked as any other.
      expect(receipt.usage?.completion).toBeGreaterThan(0n)
      expect(receipt.chargedTokens).toBeGreaterThan(0n)
      expect(receipt.chargedTokens).toBeLessThanOrEqual(receipt.recomputed?.total ?? 0n)
      expect(auditReceipt(receipt)).toEqual({ findings: [], altered: false })
    }
    // Caps hold for what is sealed as well: its size is known, its prompt is not.
    const tight = withRoot(devnet, {
      encryption: 'required',
      payments: { ledger: await newLedger(), limits: { perRequestNano: 1n } }
    })
    await expect(tight.chat.completions.create(ask)).rejects.toMatchObject({ code: 'ERR_LIMIT_EXCEEDED' })
  })
})
