/** Encryption over a pool of which not every proxy is new enough. */
import { beforeAll, describe, expect, test } from 'vitest'
import { createEncryptingTransport, type EncryptionMode } from '../../../src/client/encryption/index.js'
import { type NetworkEvent, parseProxyAddress } from '../../../src/client/network/index.js'
import { ProxyPool } from '../../../src/client/network/pool/index.js'
import { type NetworkKeyPair, networkKeyPair } from '../../../src/envelope/index.js'
import { CocoonError } from '../../../src/errors.js'
import type { InferenceTransport } from '../../../src/runtime/ports/inference.js'
import { FakeClock, settle } from '../../support/fake-clock.js'
import { dialError, fakeBudget, FakeConnector, fakeRequest, lostError } from '../../support/fake-sessions.js'
import { SeededRandom } from '../../support/seeded-random.js'

let network: NetworkKeyPair
beforeAll(async () => {
  network = await networkKeyPair(new Uint8Array(32).fill(7))
})

interface World {
  readonly connector: FakeConnector
  readonly clock: FakeClock
  readonly events: NetworkEvent[]
  /** Addresses that got a request, with whether it was encrypted. */
  readonly sent: [address: string, isEncrypted: boolean][]
  readonly send: () => Promise<unknown>
}

/** Proxies by address; a number is the protocol version that it speaks. */
function world(mode: Exclude<EncryptionMode, 'off'>, proxies: Readonly<Record<string, number | 'down'>>): World {
  const connector = new FakeConnector()
  const [clock, events, sent] = [new FakeClock(), [] as NetworkEvent[], [] as World['sent']]
  connector.script = (address, index) => {
    const kind = proxies[address]!
    if (kind === 'down') return dialError()
    const { session } = connector.dials[index]!
    Object.assign(session, { protocolVersion: kind })
    const { answer } = session
    session.answer = (request, context) => {
      sent.push([address, request.networkPublicKey !== undefined])
      return answer(request, context)
    }
    return 'ok'
  }
  const random = new SeededRandom()
  const pool = new ProxyPool({
    proxies: Object.keys(proxies).map((text) => parseProxyAddress(text, 'proxies')),
    connect: connector.connect,
    clock,
    random,
    onEvent: (event) => events.push(event)
  })
  const transport: InferenceTransport = createEncryptingTransport(pool, {
    mode,
    keys: [{ publicKey: network.publicKey, expiresAtUnix: 4_000_000_000 }],
    isTest: false,
    padTo: undefined,
    clock,
    random
  })
  const body = new TextEncoder().encode('{"model":"m","messages":[{"role":"user","content":"canary"}]}')
  return {
    connector,
    clock,
    events,
    sent,
    send: () => transport.send(() => ({ ...fakeRequest(), body }), fakeBudget())
  }
}

describe.each(['required', 'preferred'] as const)('%s', (mode) => {
  test('goes on to a proxy that is new enough, and keeps the connection to the old one', async () => {
    const { send, sent, connector } = world(mode, { 'old:1': 2, 'new:1': 4 })
    for (let call = 0; call < 3; call++) await send()
    expect(sent).toEqual([
      ['new:1', true],
      ['new:1', true],
      ['new:1', true]
    ])
    expect(connector.count('old:1')).toBe(1)
    expect(connector.dials[0]!.session.isClosed).toBe(false)
  })
})

describe('required', () => {
  test('with only old proxies it refuses, having asked each once, and sends nothing', async () => {
    const { send, sent, connector } = world('required', { 'old:1': 2, 'old:2': 1 })
    await expect(send()).rejects.toMatchObject({ code: 'ERR_ENCRYPTION_UNAVAILABLE', charged: 'no', httpStatus: 503 })
    expect(sent).toEqual([])
    expect(connector.dials.map(({ address }) => address)).toEqual(['old:1', 'old:2'])
  })

  test('says what was wrong with each when the newer one cannot be reached', async () => {
    const { send, sent, clock } = world('required', { 'old:1': 2, 'new:1': 'down' })
    const failure = send().then(
      () => undefined,
      (error: unknown) => error as CocoonError
    )
    for (let turn = 0; turn < 40; turn++) {
      await settle()
      await clock.advance(5000)
    }
    expect(await failure).toMatchObject({ code: 'ERR_NO_PROXY', retryable: true })
    expect((await failure)!.message).toMatch(/old:1 ERR_ENCRYPTION_UNAVAILABLE, new:1 ERR_DIAL/)
    expect(sent).toEqual([])
  })
})

describe('preferred', () => {
  test('with only old proxies it sends in clear, and does not look around again for a minute', async () => {
    const { send, sent, connector, clock } = world('preferred', { 'old:1': 2, 'old:2': 2 })
    await send()
    await send()
    expect(sent.map(([, isEncrypted]) => isEncrypted)).toEqual([false, false])
    expect(connector.dials).toHaveLength(2)
    await clock.advance(61_000)
    await send()
    expect(sent).toHaveLength(3)
  })

  test('does not wait for a proxy that is down', async () => {
    const { send, sent, connector } = world('preferred', { 'old:1': 2, 'new:1': 'down' })
    // No timer of the clock fires in this test: whoever waits for a pause waits for ever.
    await send()
    expect(sent).toEqual([['old:1', false]])
    expect(connector.count('new:1')).toBe(1)
  })

  test('what has left encrypted is not repeated in clear over an older proxy', async () => {
    const { send, sent, connector } = world('preferred', { 'new:1': 4, 'old:1': 2 })
    await send()
    const { session } = connector.dials[0]!
    session.answer = () => {
      session.end(lostError())
      const refused = { phase: 'answer', peerCode: 602, peerText: 'unknown public key AB', charged: 'no' } as const
      return Promise.reject(new CocoonError('ERR_QUERY_REFUSED', 'refused', refused))
    }
    await expect(send()).rejects.toMatchObject({ code: 'ERR_ENCRYPTION_UNAVAILABLE' })
    expect(sent).toEqual([['new:1', true]])
  })
})
