import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { CocoonError } from '../../../src/errors.js'
import type { ByteStream } from '../../../src/runtime/ports/byte-stream.js'
import type { PaymentNote } from '../../../src/runtime/ports/receipt.js'
import {
  type LongAuthorizationOffer,
  openSession,
  type SessionContracts,
  type SessionEvent
} from '../../../src/wire/session/index.js'
import { FakeClock } from '../../support/fake-clock.js'
import { SeededRandom } from '../../support/seeded-random.js'
import {
  address,
  connectedToProxy,
  failure,
  openBench,
  OWNER,
  proxyParams,
  SECRET,
  startSession,
  SUCCESS,
  verdict
} from './support/scripted-proxy.js'

const LONG = { type: 'client.proxyConnectionAuthLong', nonce: 77n } as const

describe('openSession', () => {
  test('offers 1 to 4, sends the secret last, and says what was settled', async () => {
    const events: SessionEvent[] = []
    const notes: PaymentNote[] = []
    const bench = startSession({
      onEvent: (event) => events.push(event),
      observer: { onPaymentNote: (note) => notes.push(note) }
    })
    const seen = await bench.proxy.open()
    const session = await bench.opening
    expect(seen).toEqual([
      {
        type: 'client.connectToProxy',
        params: { clientOwnerAddress: OWNER, isTest: true, minProtoVersion: 1, maxProtoVersion: 4 },
        minConfigVersion: 3
      },
      { type: 'client.authorizeWithProxyShort', data: SECRET }
    ])
    expect(session).toMatchObject({ protocolVersion: 4, contractsVerified: false, activeRequests: 0, isClosed: false })
    expect(session.proxy.contractAddress.hash).toEqual(new Uint8Array(32).fill(3))
    expect(session.clientContractAddress.hash).toEqual(new Uint8Array(32).fill(4))
    expect(notes).toMatchObject([
      { source: 'handshake', signedPayment: undefined },
      { source: 'authorization', signedPayment: Uint8Array.of(1, 2, 3), committedTokens: 5n, totalTokens: 7n }
    ])
    expect(events).toMatchObject([
      { phase: 'connect' },
      { phase: 'handshake', protocolVersion: 4 },
      { phase: 'authorization', method: 'short' }
    ])
    await session.close()
    expect(bench.clock.pendingTimers).toBe(0)
    expect(inspect(session, { depth: 8 })).not.toContain('correct horse')
  })

  test('a proxy without a version is version 0', async () => {
    const { session } = await openBench({}, {}, { params: proxyParams({ protoVersion: undefined }) })
    expect(session.protocolVersion).toBe(0)
  })

  test.each([
    ['the other network', { params: proxyParams({ isTest: false }) }, 'ERR_HANDSHAKE'],
    ['no network named', { params: proxyParams({ isTest: undefined }) }, 'ERR_HANDSHAKE'],
    ['a version above the offer', { params: proxyParams({ protoVersion: 5 }) }, 'ERR_PROTOCOL_VERSION'],
    ['a negative version', { params: proxyParams({ protoVersion: -1 }) }, 'ERR_PROTOCOL_VERSION'],
    ['a proxy contract that does not parse', { params: proxyParams({ proxyScAddress: 'nonsense' }) }, 'ERR_HANDSHAKE'],
    ['a proxy owner that does not parse', { params: proxyParams({ proxyOwnerAddress: '' }) }, 'ERR_HANDSHAKE'],
    ['a client contract that does not parse', { clientScAddress: `${address(4)}x` }, 'ERR_HANDSHAKE']
  ] as const)('refuses %s', async (_, overrides, code) => {
    const { proxy, opening, clientStream, clock } = startSession()
    await proxy.connect()
    await proxy.answer(connectedToProxy(overrides))
    expect(await failure(opening)).toMatchObject({ code, charged: 'no' })
    expect(clientStream.isClosed).toBe(true)
    expect(clock.pendingTimers).toBe(0)
    await expect(proxy.receive()).rejects.toThrow()
  })

  test('a narrow offer does not take version 0', async () => {
    const { proxy, opening } = startSession({ protocolVersions: { min: 3, max: 4 } })
    await proxy.connect()
    await proxy.answer(connectedToProxy({ params: proxyParams({ protoVersion: undefined }) }))
    expect(await failure(opening)).toMatchObject({ code: 'ERR_PROTOCOL_VERSION' })
  })

  test.each([
    [602, 'test mode mismatch', 'ERR_HANDSHAKE', false],
    [621, 'cannot choose common protocol version', 'ERR_PROTOCOL_VERSION', false],
    [651, 'proxy is not participating in this iteration', 'ERR_HANDSHAKE', true]
  ])('passes refusal %d on', async (peerCode, peerText, code, retryable) => {
    const { proxy, opening } = startSession()
    await proxy.connect()
    await proxy.refuse(peerCode, peerText)
    expect(await failure(opening)).toMatchObject({ code, phase: 'handshake', peerCode, peerText, retryable })
  })

  test.each(['connect', 'handshake', 'authorization'])('a wrong answer type in %s closes', async (step) => {
    const { proxy, opening, clientStream } = startSession()
    if (step === 'connect') await proxy.send({ type: 'tcp.pong', id: 1n })
    else await proxy.connect()
    if (step === 'handshake') await proxy.answer(SUCCESS)
    if (step === 'authorization') {
      await proxy.answer(connectedToProxy())
      await proxy.answer(connectedToProxy())
    }
    expect(await failure(opening)).toMatchObject({ code: 'ERR_PROTOCOL' })
    expect(clientStream.isClosed).toBe(true)
  })

  test('the end before the first byte means a refused certificate', async () => {
    const { proxy, opening } = startSession()
    await proxy.expect('tcp.connect')
    await proxy.stream.close()
    expect(await failure(opening)).toMatchObject({ code: 'ERR_TLS_CERTIFICATE_REJECTED', phase: 'tls' })
  })

  test('a reset there means the same', async () => {
    const { proxy, opening } = startSession()
    await proxy.expect('tcp.connect')
    await proxy.stream.close('reset')
    expect(await failure(opening)).toMatchObject({ code: 'ERR_TLS_CERTIFICATE_REJECTED' })
  })

  test('silence ends after 20 s, slowness after 30 s', async () => {
    const silent = startSession()
    await silent.clock.advance(20_000)
    expect(await failure(silent.opening)).toMatchObject({ code: 'ERR_IDLE_TIMEOUT', phase: 'handshake' })
    const slow = startSession({
      verifyContracts: () => new Promise<boolean>(() => undefined),
      limits: { deadAfterMs: 1e6 }
    })
    await slow.proxy.connect()
    await slow.proxy.answer(connectedToProxy())
    await slow.clock.advance(30_000)
    expect(await failure(slow.opening)).toMatchObject({ code: 'ERR_TIMEOUT', phase: 'handshake' })
    expect(slow.clock.pendingTimers).toBe(0)
  })

  test('its signal ends it', async () => {
    const controller = new AbortController()
    const { proxy, opening, clientStream } = startSession({ signal: controller.signal })
    await proxy.connect()
    const reason = new CocoonError('ERR_TIMEOUT', 'budget', { phase: 'handshake' })
    controller.abort(reason)
    expect(await failure(opening)).toBe(reason)
    expect(clientStream.isClosed).toBe(true)
  })

  test.each([
    ['a negative verdict', { verdict: verdict(false) }, 'ERR_ATTESTATION_REFUSED'],
    ['an owner that does not parse', { owner: 'me' }, 'ERR_OPTIONS'],
    ['versions out of range', { protocolVersions: { min: 1, max: 9 } }, 'ERR_OPTIONS'],
    ['a limit that is none', { limits: { deadAfterMs: 0 } }, 'ERR_OPTIONS']
  ])('with %s nothing is sent', async (_, options, code) => {
    const { opening, clientStream } = startSession(options)
    expect(await failure(opening)).toMatchObject({ code })
    expect(clientStream.bytesWritten).toBe(0)
    expect(clientStream.isClosed).toBe(true)
  })
})

describe('a stream that cannot be closed', () => {
  const broken: ByteStream = {
    read: () => Promise.reject(new CocoonError('ERR_CONNECTION_LOST', 'test: gone', { phase: 'answer' })),
    write: () => Promise.resolve(),
    close: () => Promise.reject(new Error('stuck'))
  }

  test.each([
    ['before anything', { owner: 'me' }, 'ERR_OPTIONS'],
    ['while it opens', {}, 'ERR_TLS_CERTIFICATE_REJECTED']
  ])('does not hide the cause %s', async (_, more, code) => {
    const options = {
      isTest: true,
      owner: OWNER,
      verdict: verdict(),
      configVersion: 0,
      clock: new FakeClock(),
      random: new SeededRandom()
    }
    expect(await failure(openSession(broken, { ...options, ...more }))).toMatchObject({ code })
  })
})

describe('verifyContracts', () => {
  test('sees parsed addresses and confirms them', async () => {
    let seen: SessionContracts | undefined
    const { session } = await openBench({
      verifyContracts: (contracts) => {
        seen = contracts
        return true
      }
    })
    expect(session.contractsVerified).toBe(true)
    expect(seen?.ownerAddress.hash).toEqual(new Uint8Array(32).fill(1))
    expect(seen?.proxy.publicKey).toEqual(new Uint8Array(32).fill(7))
  })

  test.each([
    ['false', () => false, 'ERR_REGISTRY_MISMATCH'],
    ['an error', () => Promise.reject(new Error('no')), 'ERR_REGISTRY_MISMATCH']
  ])('%s refuses before the secret leaves', async (_, verifyContracts, code) => {
    const { proxy, opening } = startSession({ verifyContracts })
    await proxy.connect()
    await proxy.answer(connectedToProxy())
    expect(await failure(opening)).toMatchObject({ code, phase: 'registry' })
    await expect(proxy.receive()).rejects.toThrow()
  })
})

describe('authorisation', () => {
  test.each([
    [
      'another hash',
      { auth: { type: 'client.proxyConnectionAuthShort', secretHash: new Uint8Array(32), nonce: 5n } as const }
    ],
    ['a long offer', { auth: LONG }]
  ])('with %s and no callback nothing is sent', async (_, overrides) => {
    const { proxy, opening } = startSession()
    await proxy.connect()
    await proxy.answer(connectedToProxy(overrides))
    expect(await failure(opening)).toMatchObject({ code: 'ERR_AUTHORIZATION_LONG_REQUIRED', phase: 'authorization' })
    await expect(proxy.receive()).rejects.toThrow()
  })

  test('the long way uses the nonce of a short offer, pings meanwhile, and ends with the word of the proxy', async () => {
    let offer: LongAuthorizationOffer | undefined
    const { proxy, opening, clock } = startSession({
      secret: undefined,
      authorizeLong: (given) => {
        offer = given
        return new Promise(() => undefined)
      }
    })
    await proxy.connect()
    await proxy.answer(connectedToProxy())
    const query = await proxy.expect('tcp.query')
    expect(offer?.nonce).toBe(9n)
    for (let round = 0; round < 5; round++) {
      await clock.advance(10_000)
      const ping = await proxy.expect('tcp.ping')
      await proxy.send({ type: 'tcp.pong', id: ping.id })
      await clock.advance(1)
    }
    expect(offer?.signal.aborted).toBe(false)
    const { encodeTl } = await import('../../../src/encoding/tl/index.js')
    await proxy.send({ type: 'tcp.queryAnswer', id: query.id, data: encodeTl(SUCCESS) })
    const session = await opening
    expect(offer?.signal.aborted).toBe(true)
    await session.close()
    expect(clock.pendingTimers).toBe(0)
  })

  test('a callback that fails ends the long way', async () => {
    const thrown = new CocoonError('ERR_CHANNEL_STATE', 'no coins', { phase: 'channel' })
    const { proxy, opening } = startSession({ authorizeLong: () => Promise.reject(thrown) })
    await proxy.connect()
    await proxy.answer(connectedToProxy({ auth: LONG }))
    expect(await failure(opening)).toBe(thrown)
  })

  test('the long way has its own time', async () => {
    const { proxy, opening, clock } = startSession({
      authorizeLong: () => Promise.resolve(),
      limits: { deadAfterMs: 1e9, pingAfterMs: 1e9 }
    })
    await proxy.connect()
    await proxy.answer(connectedToProxy({ auth: LONG }))
    await proxy.expect('tcp.query')
    await clock.advance(299_000)
    await clock.advance(1_000)
    expect(await failure(opening)).toMatchObject({ code: 'ERR_TIMEOUT', phase: 'authorization' })
  })

  test('a refusal carries code and text, without our secret', async () => {
    const { proxy, opening } = startSession()
    await proxy.connect()
    await proxy.answer(connectedToProxy())
    await proxy.refuse(0, 'sha256 mismatch for correct horse battery staple')
    const error = await failure(opening)
    expect(error).toMatchObject({ code: 'ERR_AUTHORIZATION', peerCode: 0, peerText: 'sha256 mismatch for [removed]' })
    expect(inspect(error, { depth: 8 })).not.toContain('correct horse')
  })

  test('authorizationWithProxyFailed is a refusal', async () => {
    const { proxy, opening } = startSession()
    await proxy.connect()
    await proxy.answer(connectedToProxy())
    await proxy.answer({ type: 'client.authorizationWithProxyFailed', errorCode: 602, error: 'x' })
    expect(await failure(opening)).toMatchObject({ code: 'ERR_AUTHORIZATION', peerCode: 602, peerText: 'x' })
  })
})
