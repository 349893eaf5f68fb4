import { inspect } from 'node:util'
import { afterEach, describe, expect, test } from 'vitest'
import { type Devnet, type DevnetOptions, startDevnet } from '../../src/devnet.js'
import {
  AttestationRefusedError,
  type ChatCompletionRequest,
  Cocoon,
  CocoonError,
  type CocoonOptions,
  type NetworkEvent,
  type PaymentNote
} from '../../src/index.js'
import { acceptAnyPeer, acceptFakeTee } from '../../src/unsafe.js'

const opened: AsyncDisposable[] = []

afterEach(async () => {
  for (const item of opened.splice(0).toReversed()) await item[Symbol.asyncDispose]()
})

async function devnet(options?: DevnetOptions): Promise<Devnet> {
  const started = await startDevnet({ difficultyBits: 0, tee: { kind: 'fake' }, ...options })
  opened.push(started)
  return started
}

function client(
  { network, account }: Pick<Devnet, 'network' | 'account'>,
  options: Partial<CocoonOptions> = {}
): Cocoon {
  const cocoon = new Cocoon({ network, account, attestation: acceptFakeTee(), ...options })
  opened.push(cocoon)
  return cocoon
}

const question = (content = 'hello', model = 'devnet/echo'): ChatCompletionRequest & { stream: false } => ({
  model,
  messages: [{ role: 'user', content }],
  stream: false
})

/** The error of a promise that must reject. */
async function failure(promise: Promise<unknown>): Promise<CocoonError> {
  const error: unknown = await promise.then(
    () => new Error('resolved'),
    (thrown: unknown) => thrown
  )
  if (!CocoonError.is(error)) throw error
  return error
}

/** Resolves when something that another task brings about has come about. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve))
}

describe('life', () => {
  test('connects at the first call and shares the connection', async () => {
    const net = await devnet()
    const cocoon = client(net)
    expect(cocoon.proxies).toEqual([{ address: net.network.proxies[0], state: 'idle', activeRequests: 0, failures: 0 }])
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) => cocoon.chat.completions.create(question(`word${index}`)))
    )
    for (const [index, answer] of answers.entries())
      expect(answer.choices[0]?.message.content).toContain(`word${index}`)
    expect(net.connections).toHaveLength(1)
    expect(cocoon.proxies[0]).toMatchObject({ state: 'ready', protocolVersion: 4, verified: false })
  })

  test('resources and fetch work without their object', async () => {
    const cocoon = client(await devnet())
    const { fetch, models } = cocoon
    const { list } = models
    expect((await list()).data.map(({ id }) => id)).toEqual(['devnet/echo', 'devnet/echo-large'])
    expect((await fetch('https://api.example/v1/models')).status).toBe(200)
  })

  test('dials again after a loss', async () => {
    const net = await devnet()
    const cocoon = client(net)
    await cocoon.chat.completions.create(question())
    net.dropConnections()
    await until(() => cocoon.proxies[0]?.state !== 'ready')
    await cocoon.chat.completions.create(question())
    expect(net.connections).toHaveLength(2)
  })

  test('close rejects a stream under way, resolves when sockets are gone, and is final', async () => {
    const net = await devnet({ tokenDelayMs: 60_000 })
    const cocoon = client(net)
    const stream = await cocoon.chat.completions.create({ ...question(), stream: true })
    const reading = failure(
      (async () => {
        for await (const chunk of stream) void chunk
      })()
    )
    await until(() => net.requests[0]?.state === 'running')
    await cocoon.close()
    expect((await reading).code).toBe('ERR_CLOSED')
    await until(() => net.connections.every((connection) => connection.closed))
    expect((await failure(cocoon.chat.completions.create(question()))).code).toBe('ERR_CLOSED')
    expect((await failure(cocoon.attestation())).code).toBe('ERR_CLOSED')
    expect((await failure(cocoon.models.list())).code).toBe('ERR_CLOSED')
    expect((await cocoon.fetch('https://api.example/v1/models')).status).toBeGreaterThanOrEqual(500)
    await cocoon.close()
  })

  test('close during the connection', async () => {
    const net = await devnet({ faults: ['handshake-stall'] })
    const cocoon = client(net)
    const call = failure(cocoon.models.list())
    await until(() => net.connections[0]?.tlsEstablished ?? false)
    await cocoon.close()
    expect((await call).code).toBe('ERR_CLOSED')
    await until(() => net.connections.every((connection) => connection.closed))
  })

  test('close does not wait for a verdict that never comes', async () => {
    let asked = false
    const judge = (): Promise<never> => {
      asked = true
      return new Promise<never>(() => undefined)
    }
    const net = await devnet({ authorization: 'long' })
    const cocoon = client(net, { attestation: { name: 'never', judge } })
    const call = failure(cocoon.models.list())
    await until(() => asked)
    await cocoon.close()
    expect((await call).code).toBe('ERR_CLOSED')
    expect(net.connections[0]?.tlsEstablished ?? false).toBe(false)
  })

  test('close does not wait for a chain message that never comes', async () => {
    const net = await devnet({ authorization: 'long' })
    const cocoon = client(net, { authorizeLong: () => new Promise<never>(() => undefined) })
    const call = failure(cocoon.models.list())
    await until(() => net.pendingNonces.length > 0)
    await cocoon.close()
    expect((await call).code).toBe('ERR_CLOSED')
  })

  test('many calls at once make the runtime warn of no leak', async () => {
    const warnings: Error[] = []
    const onWarning = (warning: Error): void => void warnings.push(warning)
    process.on('warning', onWarning)
    try {
      const cocoon = client(await devnet())
      const { signal } = new AbortController()
      await Promise.all(Array.from({ length: 50 }, () => cocoon.chat.completions.create(question())))
      for (let index = 0; index < 50; index++) await cocoon.market({ signal })
      await cocoon.close()
      await new Promise((resolve) => setImmediate(resolve))
    } finally {
      process.off('warning', onWarning)
    }
    expect(warnings).toEqual([])
  })

  test('await using closes', async () => {
    const net = await devnet()
    {
      await using cocoon = new Cocoon({ network: net.network, account: net.account, attestation: acceptAnyPeer() })
      await cocoon.models.list()
    }
    await until(() => net.connections.every((connection) => connection.closed))
  })
})

describe('budget', () => {
  test.each(['silent', 'handshake-stall'])('covers the connection (%s)', async (fault) => {
    const cocoon = client(await devnet({ faults: [fault] }))
    const error = await failure(cocoon.chat.completions.create(question(), { timeoutMs: 150 }))
    expect(error).toMatchObject({ code: 'ERR_TIMEOUT', charged: 'no' })
  })

  test('of the client holds where the call names none, and covers the whole stream', async () => {
    const cocoon = client(await devnet(), { timeoutMs: 400 })
    const stream = await cocoon.chat.completions.create({ ...question('hello', 'fault/stall-after-3'), stream: true })
    let chunks = 0
    const reading = (async () => {
      for await (const chunk of stream) chunks += chunk.choices.length
    })()
    expect(await failure(reading)).toMatchObject({ code: 'ERR_TIMEOUT', charged: 'unknown' })
    expect(chunks).toBeGreaterThan(0)
  })

  test('tells the network 0.95 of what is left', async () => {
    const net = await devnet()
    const cocoon = client(net)
    await cocoon.chat.completions.create(question(), { timeoutMs: 10_000 })
    expect(net.requests[0]?.timeoutSeconds).toBeLessThanOrEqual(9.5)
    expect(net.requests[0]?.timeoutSeconds).toBeGreaterThan(5)
  })

  test('an abort while connecting is not charged', async () => {
    const net = await devnet({ faults: ['silent'] })
    const cocoon = client(net)
    const controller = new AbortController()
    const call = failure(cocoon.chat.completions.create(question(), { signal: controller.signal }))
    await until(() => net.connections.length === 1)
    controller.abort()
    expect(await call).toMatchObject({ code: 'ERR_ABORTED', charged: 'no' })
  })

  test.each([0, -1, '5' as unknown as number, Number.NaN])('a timeout of %s is an option error', async (timeoutMs) => {
    const cocoon = client(await devnet())
    expect(await failure(cocoon.attestation({ timeoutMs }))).toMatchObject({ code: 'ERR_OPTIONS', field: 'timeoutMs' })
  })
})

describe('more than one proxy', () => {
  test('fails over to the next one', async () => {
    const dead = await startDevnet()
    const [deadProxy] = dead.network.proxies
    await dead.close()
    const net = await devnet()
    const events: NetworkEvent[] = []
    const network = { ...net.network, proxies: [deadProxy!, ...net.network.proxies] }
    const cocoon = client({ ...net, network }, { onEvent: (event) => events.push(event) })
    await cocoon.chat.completions.create(question())
    await cocoon.chat.completions.create(question())
    expect(net.requests).toHaveLength(2)
    expect(events.filter((event) => event.type === 'connect-failed')).toMatchObject([
      { address: deadProxy, code: 'ERR_DIAL', phase: 'dial' }
    ])
    expect(cocoon.proxies).toMatchObject([{ lastError: 'ERR_DIAL', failures: 1 }, { state: 'ready' }])
  })

  test('a silent proxy does not use up the budget', async () => {
    const silent = await devnet({ faults: ['silent'] })
    const net = await devnet()
    const network = { ...net.network, proxies: [...silent.network.proxies, ...net.network.proxies] }
    const cocoon = client({ ...net, network }, { connectStallMs: 150 })
    await cocoon.chat.completions.create(question())
    expect(cocoon.proxies[0]).toMatchObject({ lastError: 'ERR_DIAL' })
  })

  test('an IPv6 address', async ({ skip }) => {
    const net = await devnet({ host: '::1' }).catch(() => undefined)
    if (net === undefined) return skip('this machine has no IPv6 loopback')
    const proxies = net.network.proxies.map((text) => `[::1]:${text.slice(text.lastIndexOf(':') + 1)}`)
    const cocoon = client({ ...net, network: { ...net.network, proxies } })
    expect((await cocoon.attestation()).kind).toBe('fake')
    expect(cocoon.proxies[0]?.address).toBe(proxies[0])
  })

  test('select chooses', async () => {
    const net = await devnet({ proxies: 3 })
    const cocoon = client(net, { select: (candidates) => [candidates[2]!] })
    await cocoon.chat.completions.create(question())
    expect(net.requests[0]?.proxy).toBe(2)
  })

  test('a request that was sent is never sent again', async () => {
    const net = await devnet({ proxies: 2 })
    const cocoon = client(net)
    const error = await failure(cocoon.chat.completions.create(question('hello', 'fault/cut-after-1')))
    expect(error.charged).toBe('unknown')
    expect(net.requests).toHaveLength(1)
  })
})

describe('attestation', () => {
  test('connects if needed, and gives the report of the connection in use', async () => {
    const net = await devnet()
    const cocoon = client(net)
    expect(cocoon.attestations().size).toBe(0)
    const report = await cocoon.attestation()
    expect(report).toMatchObject({ schema: 'cocoonkit.attestation-report.v1', kind: 'fake', verdict: 'refused' })
    const { attestationId } = await cocoon.chat.completions.create(question()).withResponse()
    expect(attestationId).toBe(report.id)
    expect(cocoon.attestations()).toEqual(new Map([[net.network.proxies[0], report]]))
    expect(net.connections).toHaveLength(1)
  })

  test('without a policy everybody is refused, and neither prompt nor secret leaves', async () => {
    const net = await devnet({ account: { secret: 'canary-secret' } })
    const cocoon = client(net, { attestation: undefined })
    const error = await failure(cocoon.chat.completions.create(question('canary-prompt')))
    expect(error).toMatchObject({ code: 'ERR_ATTESTATION_REFUSED', phase: 'attestation', charged: 'no' })
    expect(error).toBeInstanceOf(AttestationRefusedError)
    expect((error as AttestationRefusedError).report.verdict).toBe('refused')
    for (const connection of net.connections) expect(connection).toMatchObject({ framesReceived: 0, bytesReceived: 0 })
  })

  test('a refused proxy is passed over', async () => {
    const net = await devnet({ proxies: 2 })
    const refused = net.network.proxies[0]
    const anybody = acceptAnyPeer()
    const attestation: CocoonOptions['attestation'] = {
      name: 'all but the first',
      judge: async (peer, options) => ({ ...(await anybody.judge(peer, options)), accepted: peer.address !== refused })
    }
    const cocoon = client(net, { attestation })
    await cocoon.chat.completions.create(question())
    expect(net.requests[0]?.proxy).toBe(1)
  })
})

describe('authorisation', () => {
  test('a wrong secret is refused without a repeat', async () => {
    const net = await devnet()
    const cocoon = client({ ...net, account: { ...net.account, secret: 'wrong' } })
    expect((await failure(cocoon.models.list())).phase).toBe('authorization')
    expect(net.connections).toHaveLength(1)
  })

  test('the long way goes through the callback', async () => {
    const net = await devnet({ authorization: 'long' })
    expect((await failure(client(net).models.list())).code).toBe('ERR_AUTHORIZATION_LONG_REQUIRED')
    const cocoon = client(net, {
      authorizeLong: async ({ nonce }) => {
        await until(() => net.register(nonce))
      }
    })
    expect((await cocoon.models.list()).data).toHaveLength(2)
  })

  test('a chain message under way is not thrown away with its caller', async () => {
    const net = await devnet({ authorization: 'long' })
    const controller = new AbortController()
    const nonces: bigint[] = []
    const cocoon = client(net, {
      authorizeLong: async ({ nonce }) => {
        nonces.push(nonce)
        controller.abort()
        await until(() => net.register(nonce))
      }
    })
    expect((await failure(cocoon.market({ signal: controller.signal }))).code).toBe('ERR_ABORTED')
    await cocoon.market()
    expect([nonces.length, net.connections.length]).toEqual([1, 1])
  })

  test('a wrong network is refused', async () => {
    const net = await devnet()
    const cocoon = client({ ...net, network: { ...net.network, isTest: false } })
    expect((await failure(cocoon.models.list())).phase).toBe('handshake')
  })
})

describe('limits', () => {
  test('a proof of work above the cap is refused before it is tried', async () => {
    const cocoon = client(await devnet({ difficultyBits: 12 }), { maxPowDifficultyBits: 11 })
    expect((await failure(cocoon.models.list())).code).toBe('ERR_POW_DIFFICULTY')
  })

  test('coefficient and reservation reach the network', async () => {
    const net = await devnet()
    const cocoon = client(net, { maxCoefficient: 1100, reservedTokens: 77 })
    await cocoon.chat.completions.create(question())
    expect(net.requests[0]).toMatchObject({ maxCoefficient: 1100, maxTokens: 77 })
  })

  test('a proxy that does not answer pings is left', async () => {
    const net = await devnet({ faults: ['no-pong'] })
    const events: NetworkEvent[] = []
    const cocoon = client(net, { idle: { pingAfterMs: 20, deadAfterMs: 60 }, onEvent: (event) => events.push(event) })
    await cocoon.models.list()
    await until(() => events.some((event) => event.type === 'disconnected' && event.code === 'ERR_IDLE_TIMEOUT'))
  })
})

describe('watching', () => {
  test('events tell phases and sizes, never bodies, secrets or accounts', async () => {
    const net = await devnet({ account: { secret: 'canary-secret' } })
    const events: NetworkEvent[] = []
    const cocoon = client(net, { onEvent: (event) => events.push(event) })
    await cocoon.chat.completions.create(question('canary-prompt'))
    const phases = events.flatMap((event) => (event.type === 'phase' ? [event.phase] : []))
    expect(phases).toEqual(['dial', 'pow', 'tls', 'attestation', 'connect', 'handshake', 'authorization'])
    expect(new Set(events.map((event) => event.type))).toEqual(
      new Set(['dial', 'phase', 'connected', 'query-sent', 'answer-head', 'answer-end'])
    )
    const text = JSON.stringify(events)
    expect(text).not.toContain('canary')
    expect(text).not.toContain(net.account.owner)
    for (const event of events) expect(event.address).toBe(net.network.proxies[0])
  })

  test('a secret that comes back in a body stands in no error', async () => {
    const secret = 'canary-secret-of-the-account'
    const echo = `{"error":"${secret} ${Buffer.from(secret).toString('hex')} ${Buffer.from(secret).toString('base64')}"}`
    const upstream: DevnetOptions['upstream'] = async () => ({
      status: 500,
      reason: 'no',
      headers: [],
      body: (async function* () {
        yield new TextEncoder().encode(echo)
      })()
    })
    const cocoon = client(await devnet({ account: { secret }, workers: [{ model: 'devnet/echo', upstream }] }))
    const error = await failure(cocoon.chat.completions.create(question()))
    expect(error).toMatchObject({ code: 'ERR_UPSTREAM_HTTP', httpStatus: 500 })
    expect(error.peerText?.replaceAll('[redacted]', '').replace(/[^a-z0-9]/gi, '')).toBe('error')
    const response = await cocoon.fetch('/v1/chat/completions', { method: 'POST', body: JSON.stringify(question()) })
    expect(await response.text()).not.toMatch(/canary|63616e617279/)
    expect(inspect(cocoon, { depth: 20, showHidden: true })).not.toContain('canary')
  })

  test('watchers that reject end no process', async () => {
    const unhandled: unknown[] = []
    const onUnhandled = (reason: unknown): void => void unhandled.push(reason)
    process.on('unhandledRejection', onUnhandled)
    let calls = 0
    const rejecting = async (): Promise<void> => {
      calls++
      throw new Error('test')
    }
    const observer = { onPaymentNote: rejecting, onSettlement: rejecting }
    const cocoon = client(await devnet(), { onEvent: rejecting as () => void, observer })
    await cocoon.chat.completions.create(question())
    await new Promise((resolve) => setTimeout(resolve, 20))
    process.removeListener('unhandledRejection', onUnhandled)
    expect(calls).toBeGreaterThan(5)
    expect(unhandled).toEqual([])
  })

  test('payment notes and settlements reach the observer', async () => {
    const notes: PaymentNote[] = []
    const outcomes: string[] = []
    const cocoon = client(await devnet(), {
      observer: { onPaymentNote: (note) => notes.push(note), onSettlement: ({ outcome }) => outcomes.push(outcome) }
    })
    await cocoon.chat.completions.create(question())
    await until(() => notes.some((note) => note.source === 'request'))
    expect(outcomes).toEqual(['complete'])
  })

  test('the market shows load and coefficients', async () => {
    const cocoon = client(await devnet())
    const { peer, models } = await cocoon.market()
    expect(peer.protocolVersion).toBe(4)
    expect(models.find(({ name }) => name === 'devnet/echo')?.workers.map(({ coefficient }) => coefficient)).toEqual([
      1000, 1300
    ])
  })

  test('the price of the network gives the cost', async () => {
    const net = await devnet()
    const { pricePerTokenNano } = net.prices
    const cocoon = client({ ...net, network: { ...net.network, pricePerTokenNano } as Devnet['network'] })
    const { costNano, costSource, tokensUsed } = (await cocoon.chat.completions.create(question()).withResponse()) as {
      costNano: bigint
      costSource: string
      tokensUsed: { total: bigint }
    }
    expect([costSource, costNano]).toEqual(['price', tokensUsed.total * pricePerTokenNano])
  })
})
