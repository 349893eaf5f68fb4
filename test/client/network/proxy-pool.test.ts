import { describe, expect, test } from 'vitest'
import { type NetworkEvent, parseProxyAddress, type ProxyPoolOptions } from '../../../src/client/network/index.js'
import { ProxyPool } from '../../../src/client/network/pool/index.js'
import { createRecheck } from '../../../src/client/network/recheck.js'
import { CocoonError } from '../../../src/errors.js'
import type { Verdict, VerdictPolicy } from '../../../src/runtime/ports/verdict.js'
import { FakeClock, settle } from '../../support/fake-clock.js'
import {
  dialError,
  fakeAnswer,
  fakeBudget,
  FakeConnector,
  fakeRequest,
  lostError
} from '../../support/fake-sessions.js'
import { SeededRandom } from '../../support/seeded-random.js'

interface World {
  readonly pool: ProxyPool
  readonly connector: FakeConnector
  readonly clock: FakeClock
  readonly events: NetworkEvent[]
}

function world(addresses: readonly string[] = ['a:1'], options: Partial<ProxyPoolOptions> = {}): World {
  const connector = new FakeConnector()
  const clock = new FakeClock()
  const events: NetworkEvent[] = []
  const pool = new ProxyPool({
    proxies: addresses.map((text) => parseProxyAddress(text, 'proxies')),
    connect: connector.connect,
    clock,
    random: new SeededRandom(),
    onEvent: (event) => events.push(event),
    ...options
  })
  return { pool, connector, clock, events }
}

const send = (pool: ProxyPool, budget = fakeBudget()): Promise<{ readonly requestId: string }> =>
  pool.send(() => fakeRequest(), budget)

/** The error of a promise that must reject. */
async function failure(promise: Promise<unknown>): Promise<CocoonError> {
  const error: unknown = await promise.then(
    () => new Error('resolved'),
    (thrown: unknown) => thrown
  )
  expect(CocoonError.is(error)).toBe(true)
  return error as CocoonError
}

describe('one connection per proxy', () => {
  test('dials nothing before the first call, and once for many', async () => {
    const { pool, connector } = world()
    await settle()
    expect(connector.count()).toBe(0)
    const calls = Array.from({ length: 50 }, () => send(pool))
    await settle()
    expect(connector.count()).toBe(1)
    connector.last.succeed()
    await Promise.all(calls)
    expect(connector.last.session.queries).toHaveLength(50)
    await send(pool)
    expect(connector.count()).toBe(1)
    await pool.close()
  })

  test('asks prepare with the peer that will serve the call', async () => {
    const { pool, connector } = world()
    connector.script = () => 'ok'
    const peers: unknown[] = []
    await pool.send((peer) => {
      peers.push(peer)
      return fakeRequest()
    }, fakeBudget())
    expect(peers).toEqual([{ address: 'a:1', protocolVersion: 4, attestationId: 'a'.repeat(64), verified: false }])
  })

  test('throws what prepare throws as it is, sends nothing, keeps the connection', async () => {
    const { pool, connector } = world()
    connector.script = () => 'ok'
    const fault = new CocoonError('ERR_REQUEST_FIELD', 'no', { phase: 'request', field: 'tools' })
    const prepare = (): never => {
      throw fault
    }
    expect(await failure(pool.send(prepare, fakeBudget()))).toBe(fault)
    expect(await failure(pool.send(() => Promise.reject(fault), fakeBudget()))).toBe(fault)
    expect(connector.last.session.queries).toHaveLength(0)
    await send(pool)
    expect(connector.count()).toBe(1)
  })

  test('dials again after the connection was lost', async () => {
    const { pool, connector, clock, events } = world()
    connector.script = () => 'ok'
    await send(pool)
    await clock.advance(60_000)
    connector.last.session.end()
    await settle()
    expect(pool.candidates[0]).toMatchObject({ state: 'idle', failures: 0 })
    await send(pool)
    expect(connector.count()).toBe(2)
    expect(events.map((event) => event.type)).toEqual(['dial', 'connected', 'disconnected', 'dial', 'connected'])
  })

  test('a connection that ends at once counts as a failure and pauses', async () => {
    const { pool, connector } = world()
    connector.script = () => 'ok'
    await send(pool)
    connector.last.session.end()
    await settle()
    expect(pool.candidates[0]).toMatchObject({ state: 'backing-off', failures: 1, lastError: 'ERR_CONNECTION_LOST' })
  })
})

describe('waiting for a shared dial', () => {
  test('a caller whose budget ends leaves without ending the dial of the others', async () => {
    const { pool, connector } = world()
    const short = fakeBudget()
    const first = failure(send(pool, short))
    const second = send(pool)
    await settle()
    short.controller.abort(new CocoonError('ERR_TIMEOUT', 'late', { phase: 'request', charged: 'unknown' }))
    expect(await first).toMatchObject({ code: 'ERR_TIMEOUT', phase: 'dial', charged: 'no' })
    expect(connector.last.context.signal.aborted).toBe(false)
    connector.last.succeed()
    await second
    expect(connector.count()).toBe(1)
  })

  test('the dial ends when nobody waits, and the next caller starts a fresh one', async () => {
    const { pool, connector } = world()
    const budgets = [fakeBudget(), fakeBudget()]
    const calls = budgets.map((budget) => failure(send(pool, budget)))
    await settle()
    for (const budget of budgets) budget.controller.abort(new CocoonError('ERR_ABORTED', 'gone', { phase: 'request' }))
    expect((await Promise.all(calls)).map((error) => error.code)).toEqual(['ERR_ABORTED', 'ERR_ABORTED'])
    expect(connector.last.context.signal.aborted).toBe(true)
    expect(pool.candidates[0]).toMatchObject({ failures: 0 })
    connector.script = () => 'ok'
    await send(pool)
    expect(connector.count()).toBe(2)
  })

  test('a dial that has spent something goes on without waiters', async () => {
    const { pool, connector } = world()
    const budget = fakeBudget()
    const call = failure(send(pool, budget))
    await settle()
    connector.last.context.keepAlive()
    budget.controller.abort(new CocoonError('ERR_ABORTED', 'gone', { phase: 'request' }))
    await call
    expect(connector.last.context.signal.aborted).toBe(false)
    connector.last.succeed()
    await send(pool)
    expect(connector.count()).toBe(1)
  })

  test('a budget that ends while prepare works sends nothing', async () => {
    const { pool, connector } = world()
    connector.script = () => 'ok'
    const budget = fakeBudget()
    const call = failure(pool.send(() => new Promise(() => undefined), budget))
    await settle()
    budget.controller.abort(new CocoonError('ERR_TIMEOUT', 'late', { phase: 'request', charged: 'unknown' }))
    expect(await call).toMatchObject({ code: 'ERR_TIMEOUT', charged: 'no' })
    expect(connector.last.session.queries).toHaveLength(0)
  })
})

describe('back-off', () => {
  test('dials one proxy at most three times in a call, with growing pauses', async () => {
    const { pool, connector, clock, events } = world()
    connector.script = () => dialError()
    const call = failure(send(pool))
    await settle()
    expect(connector.count()).toBe(1)
    await clock.advance(99)
    expect(connector.count()).toBe(1)
    await clock.advance(101)
    expect(connector.count()).toBe(2)
    await clock.advance(400)
    expect(connector.count()).toBe(3)
    expect(await call).toMatchObject({ code: 'ERR_DIAL', charged: 'no' })
    await clock.advance(60_000)
    expect(connector.count()).toBe(3)
    const pauses = events.flatMap((event) => (event.type === 'connect-failed' ? [event.retryInMs] : []))
    expect(pauses).toHaveLength(3)
    for (const [index, pause] of pauses.entries()) {
      expect(pause).toBeGreaterThanOrEqual(100 * 2 ** index)
      expect(pause).toBeLessThan(200 * 2 ** index)
    }
    expect(clock.pendingTimers).toBe(0)
  })

  test('a failure that a repeat cannot mend is not repeated', async () => {
    const { pool, connector } = world()
    connector.script = () => dialError({ retryable: false, code: 'ERR_AUTHORIZATION' })
    expect((await failure(send(pool))).code).toBe('ERR_AUTHORIZATION')
    expect(connector.count()).toBe(1)
  })

  test('a thousand callers of a dead proxy share its dials', async () => {
    const { pool, connector, clock } = world()
    connector.script = () => dialError()
    const calls = Array.from({ length: 1000 }, () => failure(send(pool)))
    await clock.advance(5_000)
    const errors = await Promise.all(calls)
    expect(new Set(errors.map((error) => error.code))).toEqual(new Set(['ERR_DIAL']))
    expect(connector.count()).toBe(3)
  })

  test('fails with the real reason when the pause outlasts the budget', async () => {
    const { pool, connector, clock } = world()
    connector.script = () => dialError()
    const first = failure(send(pool))
    await clock.advance(5_000)
    await first
    expect((await failure(send(pool, fakeBudget(10)))).code).toBe('ERR_DIAL')
  })

  test('an abort during the pause ends the call and its timer', async () => {
    const { pool, connector, clock } = world()
    connector.script = () => dialError()
    const budget = fakeBudget()
    const call = failure(send(pool, budget))
    await settle()
    budget.controller.abort(new CocoonError('ERR_ABORTED', 'gone', { phase: 'request' }))
    expect((await call).code).toBe('ERR_ABORTED')
    expect(clock.pendingTimers).toBe(0)
  })
})

describe('failover', () => {
  test('goes to the next proxy without waiting, and stays there', async () => {
    const { pool, connector } = world(['a:1', 'b:2'])
    connector.script = (address) => (address === 'a:1' ? dialError() : 'ok')
    await send(pool)
    await send(pool)
    expect(connector.dials.map((dial) => dial.address)).toEqual(['a:1', 'b:2'])
    expect(connector.last.session.queries).toHaveLength(2)
  })

  test('a refused peer is no reason to refuse the next one', async () => {
    const { pool, connector } = world(['a:1', 'b:2'])
    connector.script = (address) => (address === 'a:1' ? dialError({ retryable: false }) : 'ok')
    await send(pool)
    expect(connector.dials.map((dial) => dial.address)).toEqual(['a:1', 'b:2'])
  })

  test('tries every proxy three times, then says what happened at each', async () => {
    const { pool, connector, clock } = world(['a:1', 'b:2'])
    connector.script = (address) => dialError({ code: address === 'a:1' ? 'ERR_DIAL' : 'ERR_TLS' })
    const call = failure(send(pool))
    await clock.advance(10_000)
    const error = await call
    expect(error).toMatchObject({ code: 'ERR_NO_PROXY', charged: 'no', retryable: true })
    expect(error.message).toContain('a:1 ERR_DIAL')
    expect(error.message).toContain('b:2 ERR_TLS')
    expect((error.cause as CocoonError).code).toBe('ERR_TLS')
    expect([connector.count('a:1'), connector.count('b:2')]).toEqual([3, 3])
  })

  test('a request that found the connection gone before it was sent goes elsewhere', async () => {
    const { pool, connector } = world(['a:1', 'b:2'])
    connector.script = () => 'ok'
    await send(pool)
    const first = connector.last.session
    await pool.send(async ({ address }) => {
      if (address === 'a:1') first.end()
      await settle()
      return fakeRequest()
    }, fakeBudget())
    expect(first.queries).toHaveLength(1)
    expect(connector.last.address).toBe('b:2')
    expect(connector.last.session.queries).toHaveLength(1)
  })

  test.each(['ERR_CONNECTION_LOST', 'ERR_CLOSED', 'ERR_IDLE_TIMEOUT', 'ERR_FRAME_SEQNO'] as const)(
    'a request that the session did not take (%s) goes elsewhere',
    async (code) => {
      const { pool, connector } = world(['a:1', 'b:2'])
      connector.script = () => 'ok'
      await send(pool)
      const { session } = connector.last
      session.answer = () => {
        session.end()
        return Promise.reject(new CocoonError(code, 'too late', { phase: 'query', charged: 'no' }))
      }
      await send(pool)
      expect(connector.last.address).toBe('b:2')
    }
  )

  test('a request that the only session did not take waits for its end and dials again', async () => {
    const { pool, connector, clock } = world(['a:1'])
    connector.script = () => 'ok'
    await send(pool)
    const { session } = connector.last
    let asked = 0
    session.answer = () => {
      asked++
      return Promise.reject(new CocoonError('ERR_CONNECTION_LOST', 'closing', { phase: 'query', charged: 'no' }))
    }
    const sending = send(pool)
    await settle()
    expect(asked).toBe(1)
    expect(connector.count()).toBe(1)
    session.end()
    await settle()
    await clock.advance(60_000)
    await sending
    expect(connector.count()).toBe(2)
  })

  test('a request that was sent is never repeated', async () => {
    const { pool, connector } = world(['a:1', 'b:2'])
    connector.script = () => 'ok'
    await send(pool)
    const lost = new CocoonError('ERR_CONNECTION_LOST', 'cut', { phase: 'query', charged: 'unknown' })
    connector.last.session.answer = () => Promise.reject(lost)
    expect(await failure(send(pool))).toBe(lost)
    const refused = new CocoonError('ERR_QUERY_REFUSED', 'no', { phase: 'query', charged: 'no', retryable: true })
    connector.last.session.answer = () => Promise.reject(refused)
    expect(await failure(send(pool))).toBe(refused)
    expect(connector.count()).toBe(1)
  })

  test('the list of workers may be asked for again', async () => {
    const { pool, connector } = world(['a:1', 'b:2'])
    connector.script = () => 'ok'
    await send(pool)
    connector.last.session.workerTypes = () => Promise.reject(lostError())
    const { peer } = await pool.listWorkerTypes(fakeBudget())
    expect(peer.address).toBe('b:2')
  })
})

describe('select', () => {
  test('orders and denies', async () => {
    const seen: string[][] = []
    const { pool, connector, clock } = world(['a:1', 'b:2', 'c:3'], {
      select: (candidates) => {
        seen.push(candidates.map((candidate) => candidate.address))
        return ['c:3', candidates[1]!]
      }
    })
    connector.script = () => dialError({ retryable: false })
    const call = failure(send(pool))
    await clock.advance(1000)
    await call
    expect(connector.dials.map((dial) => dial.address)).toEqual(['c:3', 'b:2'])
    expect(seen).toEqual([['a:1', 'b:2', 'c:3']])
  })

  test('sees health', async () => {
    const seen: unknown[] = []
    const { pool, connector } = world(['a:1', 'b:2'], {
      select: (candidates) => {
        seen.push(candidates)
        return candidates
      }
    })
    connector.script = (address) => (address === 'a:1' ? dialError() : 'ok')
    await send(pool)
    await send(pool)
    expect(seen[1]).toMatchObject([
      { address: 'a:1', state: 'backing-off', failures: 1, lastError: 'ERR_DIAL' },
      { address: 'b:2', state: 'ready', failures: 0, protocolVersion: 4, verified: false, lastConnectMs: 0 }
    ])
  })

  test.each([
    ['nothing', () => [], 'ERR_NO_PROXY'],
    ['a stranger', () => ['z:9'], 'ERR_OPTIONS'],
    ['no array', () => undefined as unknown as string[], 'ERR_OPTIONS'],
    [
      'a throw',
      () => {
        throw new Error('select broke')
      },
      'ERR_OPTIONS'
    ]
  ])('that returns %s', async (_name, select, code) => {
    const { pool, connector } = world(['a:1'], { select })
    expect((await failure(send(pool))).code).toBe(code)
    expect(connector.count()).toBe(0)
  })

  test('a select that never answers is bounded by the budget', async () => {
    const { pool } = world(['a:1'], { select: () => new Promise(() => undefined) })
    const budget = fakeBudget()
    const call = failure(send(pool, budget))
    budget.controller.abort(new CocoonError('ERR_TIMEOUT', 'late', { phase: 'request' }))
    expect((await call).code).toBe('ERR_TIMEOUT')
  })
})

describe('close', () => {
  test('rejects what waits for a dial, a pause or an answer, and everything later', async () => {
    const { pool, connector, clock } = world(['a:1'])
    connector.script = () => 'ok'
    await send(pool)
    const { session } = connector.last
    session.answer = (_request, { budget: _budget }) =>
      session.closed.then((cause) => {
        throw cause
      })
    const answering = failure(send(pool))
    await settle()
    await pool.close()
    expect((await answering).code).toBe('ERR_CLOSED')
    expect(session.isClosed).toBe(true)
    expect((await failure(send(pool))).code).toBe('ERR_CLOSED')
    expect((await failure(pool.connect(fakeBudget()))).code).toBe('ERR_CLOSED')
    expect(connector.count()).toBe(1)
    expect(clock.pendingTimers).toBe(0)
  })

  test('ends a dial under way', async () => {
    const { pool, connector } = world()
    const call = failure(send(pool))
    await settle()
    await pool.close()
    expect((await call).code).toBe('ERR_CLOSED')
    expect(connector.last.context.signal.aborted).toBe(true)
  })

  test('closes a connection that arrives too late', async () => {
    const { pool, connector } = world()
    const call = failure(send(pool))
    await settle()
    connector.last.succeed()
    await Promise.all([pool.close(), call])
    expect(connector.last.session.isClosed).toBe(true)
    expect(pool.connections).toEqual([])
  })

  test('ends a pause', async () => {
    const { pool, connector, clock } = world()
    connector.script = () => dialError()
    const call = failure(send(pool))
    await settle()
    await pool.close()
    expect((await call).code).toBe('ERR_CLOSED')
    expect(clock.pendingTimers).toBe(0)
  })

  test('may be called twice', async () => {
    const { pool } = world()
    expect(pool.close()).toBe(pool.close())
    await pool.close()
  })
})

test('listeners do not gather on long-lived signals', async () => {
  const { pool, connector } = world()
  connector.script = () => 'ok'
  const budget = fakeBudget()
  let listeners = 0
  const { addEventListener, removeEventListener } = budget.signal
  budget.signal.addEventListener = (...parameters: Parameters<typeof addEventListener>) => {
    listeners++
    addEventListener.apply(budget.signal, parameters)
  }
  budget.signal.removeEventListener = (...parameters: Parameters<typeof removeEventListener>) => {
    listeners--
    removeEventListener.apply(budget.signal, parameters)
  }
  for (let index = 0; index < 100; index++) await send(pool, budget)
  await settle()
  expect(listeners).toBe(0)
})

test('a listener that throws breaks nothing', async () => {
  const { pool, connector } = world(['a:1'], {
    onEvent: () => {
      throw new Error('watcher')
    }
  })
  connector.script = () => 'ok'
  const answer = await pool.send(() => fakeRequest(), fakeBudget())
  expect(answer.status).toBe(fakeAnswer(answer.peer).status)
})

describe('the end of a verdict', () => {
  const end = (clock: FakeClock, afterMs: number): string => new Date(clock.now() + afterMs).toISOString()

  test('a connection whose verdict has ended gets no new request; the next one is judged anew', async () => {
    const { pool, connector, clock } = world()
    connector.script = () => 'ok'
    connector.validUntil = end(clock, 60_000)
    await send(pool)
    await clock.advance(60_000)
    await send(pool)
    expect(connector.count()).toBe(1)
    const first = connector.last.session
    await clock.advance(1)
    connector.validUntil = end(clock, 60_000)
    await send(pool)
    expect(connector.count()).toBe(2)
    expect(first.queries).toHaveLength(2)
    expect(first.isClosed).toBe(true)
    expect(connector.last.session.queries).toHaveLength(1)
    await pool.close()
    expect(clock.pendingTimers).toBe(0)
  })

  test('so does one whose peer is not accepted any more, whenever that shows', async () => {
    const { pool, connector, clock } = world()
    connector.script = () => 'ok'
    let accepted = true
    let asked = 0
    const policy: VerdictPolicy = {
      name: 'test',
      judge: () => {
        asked += 1
        return Promise.resolve({ accepted } as Verdict)
      }
    }
    connector.recheck = createRecheck(policy, clock, { certificateDer: new Uint8Array(1), address: 'a:1' })
    await send(pool)
    await send(pool)
    expect(asked).toBe(0)
    await clock.advance(1000)
    await Promise.all([send(pool), send(pool), send(pool)])
    expect(asked).toBe(1)
    expect(connector.count()).toBe(1)
    accepted = false
    await clock.advance(1000)
    const first = connector.last.session
    const sent = first.queries.length
    connector.recheck = () => true
    await Promise.all([send(pool), send(pool)])
    expect(connector.count()).toBe(2)
    expect(first.queries).toHaveLength(sent)
    expect(first.isClosed).toBe(true)
    await pool.close()
    expect(clock.pendingTimers).toBe(0)
  })

  test('a policy that fails when asked again keeps no connection', async () => {
    const clock = new FakeClock()
    const policy: VerdictPolicy = { name: 'test', judge: () => Promise.reject(new Error('broken')) }
    const recheck = createRecheck(policy, clock, { certificateDer: new Uint8Array(1), address: 'a:1' })
    await clock.advance(1000)
    expect(await recheck()).toBe(false)
  })

  test('what is under way on it goes on to its end', async () => {
    const { pool, connector, clock } = world()
    connector.script = () => 'ok'
    connector.validUntil = end(clock, 1000)
    await send(pool)
    const first = connector.last.session
    first.activeRequests = 1
    await clock.advance(1001)
    connector.validUntil = null
    await send(pool)
    expect(connector.count()).toBe(2)
    await clock.advance(5000)
    expect(first.isClosed).toBe(false)
    first.activeRequests = 0
    await clock.advance(1000)
    await settle()
    expect(first.isClosed).toBe(true)
    expect(clock.pendingTimers).toBe(0)
    await pool.close()
  })

  test('close ends it too, requests and timers included', async () => {
    const { pool, connector, clock } = world()
    connector.script = () => 'ok'
    connector.validUntil = end(clock, 1000)
    await send(pool)
    const first = connector.last.session
    first.activeRequests = 1
    await clock.advance(1001)
    connector.validUntil = null
    await send(pool)
    await pool.close()
    expect(first.isClosed).toBe(true)
    expect(clock.pendingTimers).toBe(0)
  })

  test('a verdict that is negative the second time sends nothing', async () => {
    const { pool, connector, clock } = world()
    connector.script = (_, index) =>
      index === 0 ? 'ok' : new CocoonError('ERR_ATTESTATION_REFUSED', 'test', { phase: 'attestation' })
    connector.validUntil = end(clock, 1000)
    await send(pool)
    await clock.advance(1001)
    expect((await failure(send(pool))).code).toBe('ERR_ATTESTATION_REFUSED')
    expect(connector.dials[0]?.session.queries).toHaveLength(1)
    expect(connector.dials[1]?.session.queries).toHaveLength(0)
    await pool.close()
  })
})
