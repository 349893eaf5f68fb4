/** Parts that could not be fetched, and a chain that failed at first: the next call tries again. */
import { afterEach, describe, expect, it, vi } from 'vitest'
import { LazyMoneyCarrier } from '../../../src/client/money/lazy-carrier.js'
import type { createMoneyCarrier, MoneyCarrierOptions } from '../../../src/client/money/money-carrier.js'
import { fromDevnet, startDevnet } from '../../../src/devnet.js'
import { CocoonError } from '../../../src/errors.js'
import { Cocoon } from '../../../src/index.js'
import { testnet } from '../../../src/ton.js'

const failing = vi.hoisted(() => new Set<string>())

vi.mock('../../../src/client/money/money-carrier.js', async (original) => {
  const real = await original<{ createMoneyCarrier: typeof createMoneyCarrier }>()
  return {
    ...real,
    createMoneyCarrier: (options: MoneyCarrierOptions) => {
      if (failing.delete('carrier')) throw new Error('chunk not found')
      return real.createMoneyCarrier(options)
    }
  }
})

vi.mock('../../../src/client/network/pool/index.js', async (original) => {
  const real = await original<object>()
  // What a failed import looks like to those who await it.
  return {
    ...real,
    // oxlint-disable-next-line unicorn/no-thenable -- an import that fails is what is played
    get then() {
      if (failing.delete('tls')) throw new Error('chunk not found')
      return undefined
    }
  }
})

const open: Array<{ close(): Promise<void> }> = []
afterEach(async () => {
  for (const one of open.splice(0).toReversed()) await one.close()
})
const ask = { model: 'devnet/echo', messages: [{ role: 'user' as const, content: 'hello' }], max_tokens: 20 }

describe('a first load that fails', () => {
  it(
    'is tried again by the next call: the money carrier, the first read of the root',
    { timeout: 60_000 },
    async () => {
      const devnet = await startDevnet({ chain: true })
      open.push(devnet)
      const { chain } = devnet
      if (chain === undefined) throw new Error('no chain')
      let down = false
      const reader = {
        name: 'flaky',
        getAccount: (...call: Parameters<typeof chain.reader.getAccount>) =>
          down
            ? Promise.reject(new CocoonError('ERR_CHAIN_UNAVAILABLE', 'down', { phase: 'chain', retryable: true }))
            : chain.reader.getAccount(...call),
        getTransactions: chain.reader.getTransactions.bind(chain.reader),
        getMasterchainBlock: chain.reader.getMasterchainBlock.bind(chain.reader)
      }
      const cocoon = new Cocoon({
        network: testnet(chain.rootAddress),
        chain: reader,
        account: devnet.account,
        attestation: fromDevnet(devnet).attestation
      })
      open.push(cocoon)
      failing.add('carrier')
      await expect(cocoon.chat.completions.create(ask)).rejects.toMatchObject({ charged: 'no' })
      expect(failing.size).toBe(0)
      down = true
      await expect(cocoon.chat.completions.create(ask)).rejects.toMatchObject({
        charged: 'no',
        cause: { code: 'ERR_CHAIN_UNAVAILABLE' }
      })
      down = false
      const { data } = await cocoon.chat.completions.create(ask).withResponse()
      expect(data.choices[0]?.message.content).toContain('devnet')
    }
  )

  it('a closed client loads nothing any more', async () => {
    const carrier = new LazyMoneyCarrier({} as MoneyCarrierOptions)
    await carrier.close()
    await expect(carrier.load()).rejects.toMatchObject({ code: 'ERR_CLOSED' })
  })
})

describe('the TLS engine', () => {
  it('is loaded again after a failure', async () => {
    vi.resetModules()
    const { pureTlsEngine } = await import('../../../src/client/tls-engine.js')
    const attempt = (): Promise<unknown> => pureTlsEngine.connect(undefined as never, undefined as never)
    failing.add('tls')
    await expect(attempt()).rejects.toMatchObject({ code: 'ERR_INTERNAL', phase: 'tls', retryable: true })
    expect(failing.size).toBe(0)
    // Loaded now: what fails is that there is nothing to connect.
    await expect(attempt()).rejects.not.toMatchObject({ code: 'ERR_INTERNAL', phase: 'tls' })
  })
})
