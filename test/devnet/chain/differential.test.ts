/** Our contracts and the mainnet bytecode do the same; the long random run is in differential.slow.test.ts. */
import { beginCell, type TupleItem } from '@ton/core'
import { Blockchain } from '@ton/sandbox'
import { describe, expect, it } from 'vitest'
import { missingShared } from '../../support/shared.js'
import { HAS_VECTORS } from '../../payments/support.js'
import { createCast } from './support/cast.js'
import { createTwin, deliver } from './support/lockstep.js'
import { internalMessage, type Cast } from './support/random-messages.js'
import { randomRun } from './support/random-run.js'
import { randomWalletRun } from './support/random-wallet.js'
import { ourCode, referenceCode } from './support/reference.js'
import { SCENARIOS } from './support/scenarios.js'
import { TwinNetwork } from './support/twin-network.js'

const NOW = 1_790_000_000
const TON = 1_000_000_000n
const nano = (text: string): bigint => BigInt(Math.round(Number(text) * 1e9))

function freshClient(cast: Cast): ReturnType<typeof beginCell> {
  const parties = beginCell().storeAddress(cast.owner).storeAddress(cast.proxy).storeUint(cast.publicKey, 256).endCell()
  return beginCell()
    .storeUint(0, 2)
    .storeCoins(0)
    .storeCoins(15n * TON)
    .storeUint(0, 64)
    .storeUint(0, 32)
    .storeUint(0, 256)
    .storeRef(parties)
    .storeRef(cast.clientParams[0] ?? beginCell().endCell())
}

/** A stack entry as text. */
const printed = (item: TupleItem): string =>
  item.type === 'int' ? String(item.value) : 'cell' in item ? item.cell.toString() : item.type

function freshProxy(cast: Cast): ReturnType<typeof beginCell> {
  return beginCell()
    .storeAddress(cast.proxyOwner)
    .storeUint(cast.publicKey, 256)
    .storeAddress(cast.root)
    .storeUint(0, 2)
    .storeCoins(0)
    .storeCoins(0)
    .storeUint(0, 32)
    .storeRef(cast.proxyParams[0] ?? beginCell().endCell())
}

if (!HAS_VECTORS) console.log(missingShared('vectors/payments.json'))

describe.skipIf(!HAS_VECTORS)('contracts against the mainnet bytecode (../shared/vectors/payments.json)', () => {
  it.each(SCENARIOS)('run of payments.md §7: $name', { timeout: 60_000 }, async ({ clientTon, proxyTon, steps }) => {
    const network = await TwinNetwork.create(NOW, (cast) => ({
      client: { data: freshClient(cast).endCell(), balance: nano(clientTon) },
      proxy: { data: freshProxy(cast).endCell(), balance: nano(proxyTon) }
    }))
    for (const step of steps) {
      network.nowUnix += step.afterSeconds ?? 0
      const { cast } = network
      const deliveries = await network.send(
        internalMessage(cast[step.from], cast[step.to], step.valueNano, step.body(cast))
      )
      expect(deliveries[0]?.exit, step.name).toBe(step.exit)
      for (const delivery of deliveries) expect(delivery.step.differences, step.name).toEqual([])
    }
  })

  it('does the same for 300 random messages', { timeout: 120_000 }, async () => {
    const run = await randomRun(300, 1)
    expect(run.differences).toEqual([])
    expect(run.met.size).toBeGreaterThan(60)
  })

  it('does the same for 200 random requests and messages to the wallet', { timeout: 120_000 }, async () => {
    const run = await randomWalletRun(200, 1)
    expect(run.differences).toEqual([])
    for (const exit of [1030, 1031, 1032, 1033, 1034, 1035])
      expect(run.met.get(`external ${exit}`), `exit ${exit}`).toBeGreaterThan(0)
    for (const exit of [0, 1040, 1041]) expect(run.met.get(`internal ${exit}`), `exit ${exit}`).toBeGreaterThan(0)
  })

  it('keeps what is sent to a worker contract, and knows no other operation', async () => {
    const chain = await Blockchain.create({ config: 'slim' })
    chain.now = NOW
    const cast = createCast()
    const data = beginCell()
      .storeAddress(cast.owner)
      .storeAddress(cast.proxy)
      .storeUint(cast.publicKey, 256)
      .storeUint(0, 2)
      .storeUint(0, 64)
      .storeRef(cast.clientParams[0] ?? beginCell().endCell())
      .endCell()
    const codes = {
      name: 'worker',
      address: cast.stranger,
      referenceCode: referenceCode('worker'),
      ourCode: ourCode('worker')
    }
    const twin = createTwin(chain, codes, { data, balance: TON })
    const bodies = [
      beginCell(),
      beginCell().storeUint(1, 16),
      beginCell().storeUint(0x9a1247c0, 32),
      beginCell().storeUint(0, 32),
      beginCell().storeUint(0xdeadbeef, 32).storeUint(1, 64),
      beginCell().storeUint(0xdeadbeef, 32),
      beginCell().storeUint(0xdeadbeef, 32).storeUint(1, 64).storeAddress(cast.owner),
      beginCell().storeUint(0xdeadbeef, 32).storeUint(1, 64).storeAddress(cast.owner).storeBit(true),
      beginCell().storeUint(0xdeadbeef, 32).storeUint(1, 64).storeAddress(cast.owner).storeRef(beginCell().endCell()),
      beginCell().storeUint(0xdeadbeef, 32).storeUint(1, 64).storeAddress(null)
    ]
    for (const body of bodies) {
      const step = await deliver(twin, internalMessage(cast.owner, cast.stranger, TON, body.endCell()), NOW)
      expect.soft(step.differences, body.endCell().toString()).toEqual([])
    }
  })

  it('answers the getters alike', async () => {
    const network = await TwinNetwork.create(NOW, (cast) => ({
      client: { data: freshClient(cast).endCell(), balance: TON },
      proxy: { data: freshProxy(cast).endCell(), balance: TON }
    }))
    for (const [name, getter] of [
      ['client', 'get_cocoon_client_data'],
      ['proxy', 'get_cocoon_proxy_data']
    ] as const) {
      const [reference, ours] = await Promise.all([network[name].reference.get(getter), network[name].ours.get(getter)])
      expect(ours.stack.map(printed)).toEqual(reference.stack.map(printed))
      expect(reference.stack.length).toBeGreaterThan(8)
    }
  })

  it('notices a contract that differs', async () => {
    const network = await TwinNetwork.create(NOW, (cast) => ({
      client: { data: freshClient(cast).endCell(), balance: TON },
      proxy: { data: freshProxy(cast).endCell(), balance: TON }
    }))
    const { chain, cast } = network
    const impostor = createTwin(
      chain,
      { ...network.client, ourCode: ourCode('worker') },
      { data: freshClient(cast).endCell(), balance: TON }
    )
    const step = await deliver(
      impostor,
      internalMessage(cast.owner, cast.client, TON, SCENARIOS[0]?.steps[1]?.body(cast) ?? beginCell().endCell()),
      NOW
    )
    expect(step.differences.join('\n')).toContain('outcome: reference exit 0')
  })
})
