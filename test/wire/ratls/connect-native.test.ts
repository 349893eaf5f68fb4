import { afterEach, describe, expect, test } from 'vitest'
import { CocoonError } from '../../../src/errors.js'
import type { VerdictPolicy } from '../../../src/runtime/ports/verdict.js'
import { runtime } from '../../../src/runtime/node/index.js'
import {
  AttestationRefusedError,
  connectRatls,
  type RatlsConnection,
  type RatlsEvent,
  type RatlsOptions
} from '../../../src/wire/ratls/index.js'
import { failure, verdict } from '../session/support/scripted-proxy.js'
import { serverIdentity, startTlsPeer, type TlsPeer, type TlsPeerOptions } from './support/tls-peer.js'

const identity = await serverIdentity()
const cleanUps: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0)) await cleanUp()
})

const accept: VerdictPolicy = { name: 'test', judge: () => Promise.resolve(verdict(true)) }

async function peer(options: Partial<TlsPeerOptions> = {}): Promise<TlsPeer> {
  const started = await startTlsPeer({ identity, ...options })
  cleanUps.push(() => started.close())
  return started
}

async function connect(port: number, options: Partial<RatlsOptions> = {}): Promise<RatlsConnection> {
  const connection = await connectRatls({
    target: { host: '127.0.0.1', port },
    dialer: runtime.dialer!,
    engine: runtime.nativeTls!,
    policy: accept,
    clock: runtime.clock,
    random: runtime.random,
    yieldToEventLoop: runtime.yieldToEventLoop,
    ...options
  })
  cleanUps.push(() => connection.stream.close())
  return connection
}

describe('connectRatls over node:tls', () => {
  test('dials, proves work, protects, judges, then carries bytes', async () => {
    const events: RatlsEvent[] = []
    const judged: Uint8Array[] = []
    const server = await peer()
    const policy: VerdictPolicy = {
      name: 'test',
      judge: (evidence) => {
        expect(evidence.address).toBe(`127.0.0.1:${server.port}`)
        judged.push(evidence.certificateDer)
        return Promise.resolve(verdict(true))
      }
    }
    const { stream, certificateDer } = await connect(server.port, {
      policy,
      onEvent: (event) => events.push(event)
    })
    expect(certificateDer).toEqual(identity.certificateDer)
    expect(judged).toEqual([identity.certificateDer])
    await stream.write(Uint8Array.of(1, 2, 3))
    expect(await stream.read()).toEqual(Uint8Array.of(1, 2, 3))
    expect(events.map((event) => (event.type === 'phase' ? event.phase : event.type))).toEqual([
      'dial',
      'pow',
      'tls',
      'attestation'
    ])
    expect(Math.min(...events.map(({ ms }) => ms))).toBeGreaterThanOrEqual(0)
    expect(server.clientCertificates[0]?.length).toBeGreaterThan(100)
  })

  test('uses one certificate per process', async () => {
    const server = await peer()
    for (const { stream } of await Promise.all([connect(server.port), connect(server.port)])) {
      await stream.write(Uint8Array.of(1))
      await stream.read()
    }
    const [first, second] = server.clientCertificates
    expect(first).toBeDefined()
    expect(second?.equals(first!)).toBe(true)
  })

  test('a negative verdict ends the connection before any application byte', async () => {
    const server = await peer()
    const policy: VerdictPolicy = { name: 'no', judge: () => Promise.resolve(verdict(false)) }
    const error = await failure(connect(server.port, { policy }))
    expect(error).toBeInstanceOf(AttestationRefusedError)
    expect(error).toMatchObject({ code: 'ERR_ATTESTATION_REFUSED', phase: 'attestation', charged: 'no' })
    expect((error as AttestationRefusedError).report.refusedBy).toEqual(['test.refused'])
    expect(Object.keys(error)).not.toContain('report')
    expect(server.received).toEqual([])
  })

  test('refuses many times in a row without crashing the process', async () => {
    const server = await peer()
    const policy: VerdictPolicy = { name: 'no', judge: () => Promise.resolve(verdict(false)) }
    const errors = await Promise.all(Array.from({ length: 20 }, () => failure(connect(server.port, { policy }))))
    expect(new Set(errors.map(({ code }) => code))).toEqual(new Set(['ERR_ATTESTATION_REFUSED']))
  })

  test('a policy that throws refuses with its own error', async () => {
    const server = await peer()
    const thrown = new CocoonError('ERR_ATTESTATION_COLLATERAL', 'no collateral', { phase: 'attestation' })
    const policy: VerdictPolicy = { name: 'broken', judge: () => Promise.reject(thrown) }
    expect(await failure(connect(server.port, { policy }))).toBe(thrown)
    const broken: VerdictPolicy = { name: 'broken', judge: () => Promise.reject(new TypeError('oops')) }
    expect(await failure(connect(server.port, { policy: broken }))).toMatchObject({ code: 'ERR_INTERNAL' })
  })

  test('the end of the stream right after the handshake is an orderly end, without close_notify', async () => {
    const server = await peer({ onSecure: (_, raw) => void raw.end() })
    const { stream } = await connect(server.port)
    expect(await stream.read()).toBeNull()
    expect(await stream.read()).toBeNull()
  })

  test.each([
    ['a wrong magic', new Uint8Array(24), 'ERR_POW_CHALLENGE'],
    ['bytes after the challenge', challengeWith(4, 25), 'ERR_PROTOCOL'],
    ['difficulty 29', challengeWith(29), 'ERR_POW_DIFFICULTY'],
    ['difficulty 255', challengeWith(255), 'ERR_POW_DIFFICULTY']
  ] as const)('%s', async (_, prologue, code) => {
    const server = await peer({ prologue })
    expect(await failure(connect(server.port))).toMatchObject({ code, charged: 'no' })
  })

  test('a peer that hangs up in place of TLS', async () => {
    const server = await peer({ onPlain: (raw) => void raw.end() })
    expect(await failure(connect(server.port))).toMatchObject({ code: 'ERR_CONNECTION_LOST', phase: 'tls' })
  })

  test('a peer that speaks something else in place of TLS', async () => {
    const server = await peer({ onPlain: (raw) => void raw.end('HTTP/1.1 400 Bad Request\r\n\r\n') })
    expect(await failure(connect(server.port))).toMatchObject({ code: 'ERR_TLS', phase: 'tls' })
  })

  test('nobody there', async () => {
    const server = await peer()
    await server.close()
    expect(await failure(connect(server.port))).toMatchObject({ code: 'ERR_DIAL', retryable: true })
  })

  test.each(['pow', 'tls', 'attestation'] as const)('one signal ends it during %s', async (phase) => {
    const controller = new AbortController()
    const never = new Promise<never>(() => undefined)
    const server = await peer({
      ...(phase === 'pow' ? { prologue: new Uint8Array(1) } : {}),
      ...(phase === 'tls' ? { onPlain: () => setImmediate(() => controller.abort()) } : {})
    })
    const policy: VerdictPolicy = {
      name: 'slow',
      judge: () => {
        controller.abort()
        return never
      }
    }
    const onEvent = (event: RatlsEvent): void => {
      if (phase === 'pow' && event.type === 'phase' && event.phase === 'dial') setImmediate(() => controller.abort())
    }
    const connecting = connect(server.port, { signal: controller.signal, policy, onEvent })
    expect(await failure(connecting)).toMatchObject({ code: 'ERR_ABORTED' })
  })
})

function challengeWith(difficultyBits: number, length = 24): Uint8Array {
  const bytes = new Uint8Array(length)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, 0x418e1291, true)
  view.setInt32(4, difficultyBits, true)
  return bytes
}
