/**
 * Parts that a caller gives (dialer, policy, engine) and that misbehave: whatever they do, the connection fails closed with a
 * typed error, nothing is sent after TLS, and no promise is left whose rejection would end the process.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CocoonError } from '../../../src/errors.js'
import type { ByteStream } from '../../../src/runtime/ports/byte-stream.js'
import type { TlsEngine } from '../../../src/runtime/ports/tls-engine.js'
import type { Verdict, VerdictPolicy } from '../../../src/runtime/ports/verdict.js'
import { encodePowChallenge } from '../../../src/wire/pow/index.js'
import { connectRatls, type RatlsOptions } from '../../../src/wire/ratls/index.js'
import { FakeClock, settle } from '../../support/fake-clock.js'
import { SeededRandom } from '../../support/seeded-random.js'
import { verdict } from '../session/support/scripted-proxy.js'

const unhandled: unknown[] = []
const onUnhandled = (reason: unknown): void => void unhandled.push(reason)
beforeAll(() => void process.on('unhandledRejection', onUnhandled))
afterAll(() => void process.removeListener('unhandledRejection', onUnhandled))

/** A stream that gives one challenge and cannot even be closed. */
class StubbornStream implements ByteStream {
  readonly written: Uint8Array[] = []
  closes = 0
  #challenge: Uint8Array | undefined

  constructor(challenge: Uint8Array = encodePowChallenge({ difficultyBits: 0, salt: new Uint8Array(16) })) {
    this.#challenge = challenge
  }

  read(): Promise<Uint8Array | null> {
    const challenge = this.#challenge
    this.#challenge = undefined
    return Promise.resolve(challenge ?? null)
  }

  write(bytes: Uint8Array): Promise<void> {
    this.written.push(bytes)
    return Promise.resolve()
  }

  close(): Promise<void> {
    this.closes++
    return Promise.reject(new Error('test: this stream cannot be closed'))
  }
}

/** An engine without TLS: asks the judge and gives the stream as it is. */
const bareEngine: TlsEngine = {
  name: 'pure',
  async connect(stream, { judge }) {
    await judge(new Uint8Array(8))
    return stream
  }
}

const policyOf = (judge: unknown): VerdictPolicy => ({ name: 'test', judge: judge as VerdictPolicy['judge'] })

function connect(stream: ByteStream, options: Partial<RatlsOptions> = {}): ReturnType<typeof connectRatls> {
  return connectRatls({
    target: { host: 'h', port: 1 },
    dialer: { dial: () => Promise.resolve(stream) },
    engine: bareEngine,
    policy: policyOf(() => Promise.resolve(verdict(true))),
    clock: new FakeClock(),
    random: new SeededRandom(),
    yieldToEventLoop: () => Promise.resolve(),
    ...options
  })
}

async function failure(promise: Promise<unknown>): Promise<CocoonError> {
  const error: unknown = await promise.then(
    () => new Error('resolved'),
    (thrown: unknown) => thrown
  )
  if (!CocoonError.is(error)) throw new Error('not a typed error', { cause: error })
  return error
}

function failWith(error: Error): never {
  throw error
}

describe('an engine', () => {
  test.each<[string, () => unknown]>([
    ['throws', () => failWith(new Error('test'))],
    ['rejects', () => Promise.reject(new Error('test'))]
  ])('whose prepare %s connects all the same', async (_, fail) => {
    const events: string[] = []
    const engine: TlsEngine = {
      ...bareEngine,
      prepare: ({ clock, random }) => {
        events.push(`prepare ${typeof clock.now} ${typeof random.bytes}`)
        return fail() as void
      }
    }
    const stream = new StubbornStream()
    const dialer = {
      dial: () => {
        events.push('dial')
        return Promise.resolve(stream)
      }
    }
    await connect(stream, { engine, dialer })
    await settle()
    expect(events).toEqual(['prepare function function', 'dial'])
    expect(unhandled).toEqual([])
  })
})

describe('a policy', () => {
  test('may prepare from the dial on; what that does to it is not waited for and not looked at', async () => {
    const events: string[] = []
    const policy = {
      ...policyOf(() => Promise.resolve(verdict(true))),
      prepare: () => {
        events.push('prepare')
        throw new Error('test')
      }
    }
    const stream = new StubbornStream()
    const dialer = {
      dial: () => {
        events.push('dial')
        return Promise.resolve(stream)
      }
    }
    await connect(stream, { policy, dialer })
    expect(events).toEqual(['prepare', 'dial'])
  })

  test.each<[string, unknown]>([
    ['that gives nothing', () => Promise.resolve()],
    ['that gives null', () => Promise.resolve(null)],
    ['that gives true', () => Promise.resolve(true)],
    ['whose acceptance is only truthy', () => Promise.resolve({ ...verdict(true), accepted: 1 })],
    ['that accepts without a report', () => Promise.resolve({ accepted: true, verified: true })],
    ['that refuses without a report', () => Promise.resolve({ accepted: false })],
    [
      'that throws',
      () => {
        throw new Error('test')
      }
    ],
    ['that rejects with nothing', () => Promise.reject(undefined)]
  ])('%s is a refusal', async (_, judge) => {
    const stream = new StubbornStream()
    const { code } = await failure(connect(stream, { policy: policyOf(judge), onEvent: () => undefined }))
    expect(['ERR_INTERNAL', 'ERR_ATTESTATION_REFUSED']).toContain(code)
    expect(stream.written).toHaveLength(1)
  })

  test('without a watcher an acceptance without a report is a refusal too', async () => {
    const judge = (): unknown => Promise.resolve({ accepted: true, verified: true })
    expect((await failure(connect(new StubbornStream(), { policy: policyOf(judge) }))).phase).toBe('attestation')
  })

  test('that accepts after the signal fired accepts nothing', async () => {
    const controller = new AbortController()
    const asked: ((verdict: Verdict) => void)[] = []
    const stream = new StubbornStream()
    const judge = (): unknown => new Promise<Verdict>((resolve) => asked.push(resolve))
    const connecting = failure(connect(stream, { policy: policyOf(judge), signal: controller.signal }))
    await settle()
    expect(asked).toHaveLength(1)
    controller.abort()
    asked[0]?.(verdict(true))
    expect((await connecting).code).toBe('ERR_ABORTED')
    expect(stream.written).toHaveLength(1)
  })
})

describe('an engine', () => {
  test('that asks for no judgement gives no connection', async () => {
    const stream = new StubbornStream()
    const engine: TlsEngine = { name: 'pure', connect: (given) => Promise.resolve(given) }
    expect((await failure(connect(stream, { engine }))).phase).toBe('attestation')
    expect(stream.closes).toBe(1)
    expect(stream.written).toHaveLength(1)
  })
})

describe('a stream that cannot be closed', () => {
  test('does not hide why it was to be', async () => {
    const { code } = await failure(connect(new StubbornStream(new Uint8Array(24))))
    expect(code).toBe('ERR_POW_CHALLENGE')
  })

  test('and that comes too late ends no process', async () => {
    for (const late of ['dialer', 'engine'] as const) {
      const controller = new AbortController()
      const stream = new StubbornStream()
      const asked: (() => void)[] = []
      const waiting = (): Promise<ByteStream> => new Promise((resolve) => asked.push(() => resolve(stream)))
      const options: Partial<RatlsOptions> =
        late === 'dialer' ? { dialer: { dial: waiting } } : { engine: { name: 'pure', connect: waiting } }
      const connecting = failure(connect(stream, { ...options, signal: controller.signal }))
      await settle()
      expect(asked).toHaveLength(1)
      controller.abort()
      expect((await connecting).code).toBe('ERR_ABORTED')
      asked[0]?.()
      await settle()
      expect(stream.closes).toBe(1)
    }
    expect(unhandled).toEqual([])
  })
})
