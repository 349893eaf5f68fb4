import { describe, expect, test } from 'vitest'
import { type GatewayReservation, type WaitUntil } from '../../src/gateway/index.js'
import { CHAT, chunk, WHOLE } from '../client/openai/fake-transport.js'
import { get, gatewayOver, post, settled } from './support.js'

/** An execution context as Workers have it: it checks its `this`. */
class Context {
  readonly promises: Promise<unknown>[] = []
  waitUntil(promise: Promise<unknown>): void {
    if (!(this instanceof Context)) throw new TypeError('Illegal invocation')
    this.promises.push(promise)
  }
}

/** A budget whose settlement takes until it is let. */
function slowBudget(): { reserve: () => GatewayReservation; finish: () => void; readonly isSettled: boolean } {
  let finish = (): void => {}
  let isSettled = false
  const gate = new Promise<void>((resolve) => (finish = resolve))
  const close = async (): Promise<void> => {
    await gate
    isSettled = true
  }
  return {
    reserve: () => ({ settle: close, release: close }),
    finish: () => finish(),
    get isSettled() {
      return isSettled
    }
  }
}

async function isPending(promise: Promise<unknown>): Promise<boolean> {
  const pending = Symbol('pending')
  await settled()
  return (await Promise.race([promise, Promise.resolve(pending)])) === pending
}

describe('waitUntil', () => {
  test.each([
    ['Workers', (context: Context): unknown[] => [{ SOME_BINDING: {} }, context]],
    ['a context alone', (context: Context): unknown[] => [context]]
  ])('%s: kept alive from the request to the end of the settlement', async (_name, platform) => {
    const [budget, context] = [slowBudget(), new Context()]
    const { gateway, receipts } = gatewayOver({ parts: [WHOLE] }, { budget })
    const response = await gateway(post(CHAT), ...platform(context))
    expect(context.promises).toHaveLength(1)
    await response.text()
    expect(await isPending(context.promises[0]!)).toBe(true)
    budget.finish()
    await context.promises[0]
    expect(budget.isSettled).toBe(true)
    expect(receipts).toHaveLength(1)
  })

  test('also when the caller leaves in the middle', async () => {
    const [budget, context] = [slowBudget(), new Context()]
    async function* endless(): AsyncGenerator<string> {
      for (;;) {
        yield `data: ${chunk('x')}\n\n`
        await new Promise((resolve) => setImmediate(resolve))
      }
    }
    const { gateway, receipts } = gatewayOver({ parts: endless() }, { budget })
    const reader = (await gateway(post({ ...CHAT, stream: true }), {}, context)).body!.getReader()
    await reader.read()
    await reader.cancel()
    expect(await isPending(context.promises[0]!)).toBe(true)
    budget.finish()
    await context.promises[0]
    expect(receipts[0]).toMatchObject({ outcome: 'cut' })
  })

  test('the option wins over the context, and nothing is kept alive for what costs nothing', async () => {
    const given: Promise<unknown>[] = []
    const waitUntil: WaitUntil = (promise) => void given.push(promise)
    const context = new Context()
    const { gateway } = gatewayOver({ parts: [WHOLE] }, { waitUntil })
    await (await gateway(get('/healthz'), {}, context)).text()
    await (await gateway(post('not JSON'), {}, context)).text()
    expect(given).toHaveLength(0)
    await (await gateway(post(CHAT), {}, context)).text()
    await Promise.all(given)
    expect(given).toHaveLength(1)
    expect(context.promises).toHaveLength(0)
  })

  test('other runtimes hand over what has no waitUntil', async () => {
    const { gateway, receipts } = gatewayOver({ parts: [WHOLE] })
    for (const platform of [[], [{ remoteAddr: {} }], [{ waitUntil: 'a binding of that name' }], [undefined, null, 5]])
      expect((await gateway(post(CHAT), ...platform)).status).toBe(200)
    void receipts
  })
})
