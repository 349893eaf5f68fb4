/** `withResponse().receipt`: next to the ids of every answer, for whole ones, streams, and those given up. */
import { afterEach, describe, expect, expectTypeOf, it } from 'vitest'
import { type Devnet, fromDevnet, startDevnet } from '../../../src/devnet.js'
import { markEncrypted } from '../../../src/client/encryption/mark-encrypted.js'
import { Cocoon } from '../../../src/index.js'
import { systemClock } from '../../../src/runtime/shared/index.js'
import type { InferenceAnswer } from '../../../src/runtime/ports/inference.js'
import type { LedgerStore } from '../../../src/runtime/ports/ledger-store.js'
import { memoryLedgerStore, openLedger, type Receipt } from '../../../src/ton.js'

const open: Array<{ close(): Promise<void> }> = []
afterEach(async () => {
  for (const one of open.splice(0).toReversed()) await one.close()
})

const ask = { model: 'devnet/echo', messages: [{ role: 'user' as const, content: 'hello there' }], max_tokens: 20 }

async function start(
  store: LedgerStore = memoryLedgerStore(),
  options: Parameters<typeof startDevnet>[0] = {}
): Promise<{ devnet: Devnet; cocoon: Cocoon }> {
  const devnet = await startDevnet(options)
  const ledger = await openLedger({ store, clock: systemClock })
  const cocoon = new Cocoon({ ...fromDevnet(devnet), payments: { ledger, prices: devnet.prices } })
  open.push(devnet, cocoon)
  return { devnet, cocoon }
}

describe('withResponse().receipt', () => {
  it('of a whole answer is the one that cocoon.receipt gives', async () => {
    const { cocoon } = await start()
    const { requestId, receipt, tokensUsed } = await cocoon.chat.completions.create(ask).withResponse()
    expectTypeOf(receipt).toEqualTypeOf<Promise<Receipt> | undefined>()
    const made = await receipt
    expect(made).toMatchObject({ requestId, outcome: 'complete', findings: [] })
    expect(made?.chargedTokens).toBe(tokensUsed?.total)
    expect(await cocoon.receipt(requestId)).toBe(made)
  })

  it('of a stream settles when it has ended, and not before', async () => {
    const { cocoon } = await start(memoryLedgerStore(), { tokenDelayMs: 2 })
    const { requestId, receipt, data } = await cocoon.chat.completions.create({ ...ask, stream: true }).withResponse()
    let settled = false
    void receipt?.then(() => (settled = true))
    const settledAt: boolean[] = []
    for await (const _chunk of data) settledAt.push(settled)
    expect(settledAt.length).toBeGreaterThan(2)
    expect(settledAt[0]).toBe(false)
    expect(await receipt).toMatchObject({ requestId, outcome: 'complete', bodyRead: true })
  })

  it('of a stream that was given up says that nobody read it to its end', async () => {
    const { cocoon } = await start(memoryLedgerStore(), { tokenDelayMs: 2 })
    const { receipt, data } = await cocoon.chat.completions.create({ ...ask, stream: true }).withResponse()
    for await (const _chunk of data) break
    expect(await receipt).toMatchObject({ bodyRead: false, usage: null, recomputed: null })
  })

  it('of text completions, and of parallel calls, is each its own', async () => {
    const { cocoon } = await start()
    const text = await cocoon.completions.create({ model: 'devnet/echo', prompt: 'a', max_tokens: 5 }).withResponse()
    const chats = await Promise.all([1, 2, 3].map(() => cocoon.chat.completions.create(ask).withResponse()))
    for (const { requestId, receipt } of [text, ...chats]) expect((await receipt)?.requestId).toBe(requestId)
  })

  it('rejects when it could not be stored, and bothers nobody who does not look', async () => {
    const inner = memoryLedgerStore()
    let isFull = false
    const store: LedgerStore = {
      ...inner,
      append: (records) => (isFull ? Promise.reject(new Error('disk full')) : inner.append(records))
    }
    const unhandled: unknown[] = []
    const listen = (error: unknown): void => void unhandled.push(error)
    process.on('unhandledRejection', listen)
    try {
      const { cocoon } = await start(store)
      isFull = true
      const { receipt } = await cocoon.chat.completions.create(ask).withResponse()
      await cocoon.chat.completions.create(ask).withResponse()
      await expect(receipt).rejects.toMatchObject({ code: 'ERR_LEDGER' })
      await new Promise((resolve) => setImmediate(resolve))
      expect(unhandled).toEqual([])
    } finally {
      process.off('unhandledRejection', listen)
    }
  })

  it('goes along with an answer that travelled encrypted', () => {
    const receipt = Promise.resolve({} as Receipt)
    const answer = { parts: [], receipt } as unknown as InferenceAnswer
    expect(markEncrypted(answer, answer.parts)).toMatchObject({ receipt, encrypted: true })
  })

  it('is undefined without the option payments', async () => {
    const devnet = await startDevnet()
    const cocoon = new Cocoon(fromDevnet(devnet))
    open.push(devnet, cocoon)
    expect((await cocoon.chat.completions.create(ask).withResponse()).receipt).toBeUndefined()
  })
})
