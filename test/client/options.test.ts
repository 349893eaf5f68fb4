import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { CocoonClient, type CocoonOptions } from '../../src/client/index.js'
import { CocoonError } from '../../src/errors.js'
import { DEFAULT_TIMEOUT_MS, resolveOptions, type ResolvedOptions } from '../../src/client/resolve-options.js'
import type { Runtime } from '../../src/runtime/ports/runtime.js'
import { FakeClock } from '../support/fake-clock.js'
import { SeededRandom } from '../support/seeded-random.js'

const RAW_OWNER = `0:${'11'.repeat(32)}`

const runtime: Runtime = {
  name: 'unknown',
  clock: new FakeClock(),
  random: new SeededRandom(),
  yieldToEventLoop: () => Promise.resolve(),
  dialer: undefined,
  nativeTls: undefined
}

const base: CocoonOptions = {
  network: { proxies: ['127.0.0.1:1'] },
  account: { owner: RAW_OWNER, secret: 's3cret-canary' }
}

type DirectCarrier = Extract<ResolvedOptions['carrier'], { readonly kind: 'direct' }>
type Direct = ResolvedOptions &
  Omit<DirectCarrier, 'connector'> & { readonly connector: ReturnType<DirectCarrier['connector']> }

/** Settings of a client that connects by itself. */
function resolveDirect(options: CocoonOptions, platform: Runtime): Direct {
  const resolved = resolveOptions(options, platform)
  if (resolved.carrier.kind !== 'direct') throw new Error('expected a direct client')
  return { ...resolved, ...resolved.carrier, connector: resolved.carrier.connector() }
}

const build = (options: unknown): CocoonClient => new CocoonClient(options as CocoonOptions, runtime)

/** The field of the error that options give. */
function refusedField(options: unknown): string | undefined {
  try {
    build(options)
  } catch (error) {
    expect(CocoonError.is(error, 'ERR_OPTIONS')).toBe(true)
    expect((error as CocoonError).phase).toBe('options')
    return (error as CocoonError).field
  }
  return 'accepted'
}

describe('CocoonOptions', () => {
  test.each([
    ['options', undefined],
    ['options', null],
    ['options', []],
    ['network', { ...base, network: undefined }],
    ['network.proxies', { ...base, network: {} }],
    ['network.proxies', { ...base, network: { proxies: [] } }],
    ['network.proxies', { ...base, network: { proxies: 'a:1' } }],
    ['network.proxies[1]', { ...base, network: { proxies: ['a:1', 'b'] } }],
    ['network.isTest', { ...base, network: { ...base.network, isTest: 'no' } }],
    ['network.configVersion', { ...base, network: { ...base.network, configVersion: -1 } }],
    ['network.configVersion', { ...base, network: { ...base.network, configVersion: 2 ** 32 } }],
    ['network.pricePerTokenNano', { ...base, network: { ...base.network, pricePerTokenNano: 20 } }],
    ['account', { ...base, account: undefined }],
    ['account.owner', { ...base, account: { secret: 'x' } }],
    ['account.owner', { ...base, account: { owner: 'EQ-nonsense' } }],
    ['account.secret', { ...base, account: { owner: RAW_OWNER, secret: 7 } }],
    ['account.secret', { ...base, account: { owner: RAW_OWNER, secret: '' } }],
    ['account.mnemonic', { ...base, account: { owner: RAW_OWNER, mnemonic: 'a b c' } }],
    ['attestation', { ...base, attestation: false }],
    ['attestation', { ...base, attestation: {} }],
    ['timeoutMs', { ...base, timeoutMs: 0 }],
    ['timeoutMs', { ...base, timeoutMs: Number.NaN }],
    ['timeoutMs', { ...base, timeoutMs: '5' }],
    ['maxCoefficient', { ...base, maxCoefficient: 1.5 }],
    ['reservedTokens', { ...base, reservedTokens: -1 }],
    ['select', { ...base, select: 'first' }],
    ['onEvent', { ...base, onEvent: {} }],
    ['observer', { ...base, observer: () => undefined }],
    ['authorizeLong', { ...base, authorizeLong: true }],
    ['maxPowDifficultyBits', { ...base, maxPowDifficultyBits: 65 }],
    ['connectStallMs', { ...base, connectStallMs: 0 }],
    ['idle.deadAfterMs', { ...base, idle: { pingAfterMs: 10, deadAfterMs: 10 } }],
    ['idle.pingMs', { ...base, idle: { pingMs: 10 } }],
    ['runtime.dialer', { ...base, runtime: { dialer: {} } }],
    ['runtime.tls', { ...base, runtime: { tls: 'openssl' } }],
    ['runtime.clock', { ...base, runtime: { clock: {} } }],
    ['runtime.random', { ...base, runtime: { random: Math.random } }],
    ['maxTokens', { ...base, maxTokens: 5 }]
  ])('%s of %j', (field, options) => {
    expect(refusedField(options)).toBe(field)
  })

  test('an explicit undefined never erases a default', () => {
    const everything = Object.fromEntries(
      [
        'attestation',
        'timeoutMs',
        'maxCoefficient',
        'reservedTokens',
        'rules',
        'translate',
        'streamFallback',
        'select',
        'onEvent'
      ].map((name) => [name, undefined])
    )
    const options = {
      ...base,
      ...everything,
      network: { ...base.network, isTest: undefined, configVersion: undefined },
      idle: { pingAfterMs: undefined, deadAfterMs: undefined },
      runtime: { dialer: undefined, tls: undefined, clock: undefined, random: undefined },
      unknown: undefined
    } as CocoonOptions
    const resolved = resolveDirect(options, runtime)
    expect(resolved.timeoutMs).toBe(DEFAULT_TIMEOUT_MS)
    expect(resolved.connector.connectStallMs).toBe(15_000)
    expect(resolved.connector.session).toMatchObject({ isTest: false, configVersion: 0, limits: {} })
    expect(resolved.connector.clock).toBe(runtime.clock)
    build(options)
  })

  test('a string secret is its UTF-8 bytes, bytes are copied', () => {
    const bytes = new Uint8Array([1, 2, 3])
    const { connector } = resolveDirect({ ...base, account: { owner: RAW_OWNER, secret: bytes } }, runtime)
    bytes.fill(0)
    expect(connector.session.secret).toEqual(new Uint8Array([1, 2, 3]))
    expect(
      resolveDirect({ ...base, account: { owner: RAW_OWNER, secret: 'ü' } }, runtime).connector.session.secret
    ).toEqual(new Uint8Array([0xc3, 0xbc]))
  })

  test('an empty secret is for test networks only', () => {
    const account = { owner: RAW_OWNER, secret: '' }
    expect(refusedField({ ...base, account })).toBe('account.secret')
    expect(refusedField({ network: { ...base.network, isTest: true }, account })).toBe('accepted')
  })

  test('the owner is sent as the reference spells it', () => {
    const owner = (isTest: boolean): string =>
      resolveDirect({ ...base, network: { ...base.network, isTest } }, runtime).connector.session.owner
    expect(owner(false)).toMatch(/^UQ[\w-]{46}$/)
    expect(owner(true)).toMatch(/^0Q[\w-]{46}$/)
  })

  test('a proxy named twice is one proxy', () => {
    const { proxies } = resolveDirect({ ...base, network: { proxies: ['Host:1', 'host:01', '[::1]:2'] } }, runtime)
    expect(proxies.map((proxy) => proxy.text)).toEqual(['host:1', '[::1]:2'])
  })

  test('peers are refused unless a policy says otherwise', async () => {
    const { policy } = resolveDirect(base, runtime).connector
    const peer = { certificateDer: new Uint8Array([0x30, 0]), address: 'a:1' }
    expect((await policy.judge(peer, { now: new Date(0) })).accepted).toBe(false)
  })

  test('a runtime without sockets or TLS of its own says so at the first call, not before', async () => {
    const client = new CocoonClient(base, runtime)
    await expect(client.attestation()).rejects.toMatchObject({ code: 'ERR_UNSUPPORTED_RUNTIME' })
    const dialer = { dial: () => Promise.reject(new Error('not reached')) }
    const withSockets = new CocoonClient({ ...base, runtime: { dialer, tls: 'native' } }, runtime)
    await expect(withSockets.attestation()).rejects.toMatchObject({ code: 'ERR_UNSUPPORTED_RUNTIME' })
  })
})

describe('the secret', () => {
  test('is not shown by inspect, JSON, keys or errors', () => {
    const client = new CocoonClient(base, runtime)
    const shown = [
      inspect(client, { depth: 20, showHidden: true }),
      JSON.stringify(client),
      inspect(client),
      Object.keys(client).join(),
      inspect(client.chat, { depth: 20, showHidden: true })
    ].join('\n')
    expect(shown).not.toContain('canary')
    expect(shown).not.toContain(Buffer.from('s3cret-canary').toString('hex'))
    expect(shown).not.toContain([...Buffer.from('s3cret-canary')].join(', '))
  })

  test('is not quoted when it stands in the wrong place', () => {
    for (const options of [
      { ...base, account: { owner: 's3cret-canary' } },
      { ...base, network: { proxies: ['s3cret-canary'] } },
      { ...base, timeoutMs: 's3cret-canary' }
    ]) {
      try {
        build(options)
        expect.unreachable()
      } catch (error) {
        expect(inspect(error, { depth: 10 }).replace(/at .*/g, '')).not.toContain('s3cret-canary')
      }
    }
  })
})

describe('gateway and encryption options', () => {
  const url = 'https://gateway.example'
  const keys = [{ publicKey: 'ab'.repeat(32), expiresAtUnix: 1 }]

  test.each([
    [{ ...base, encryption: 'maybe' }, 'encryption'],
    [{ ...base, encryptionPadTo: 17 }, 'encryptionPadTo'],
    [{ ...base, encryptionPadTo: 256 }, 'encryptionPadTo'],
    [{ ...base, network: { ...base.network, encryptionKeys: 'ab' } }, 'network.encryptionKeys'],
    [{ gateway: 'gateway.example' }, 'gateway'],
    [{ gateway: 'http://gateway.example' }, 'gateway'],
    [{ gateway: 'ftp://gateway.example' }, 'gateway'],
    [{ gateway: 'https://user:pass@gateway.example' }, 'gateway'],
    [{ gateway: `${url}/?token=1` }, 'gateway'],
    [{ gateway: { url: 7 } }, 'gateway.url'],
    [{ gateway: { url, headers: 'authorization: x' } }, 'gateway.headers'],
    [{ gateway: { url, fetch: {} } }, 'gateway.fetch'],
    [{ gateway: { url, key: 'x' } }, 'gateway.key'],
    [{ gateway: url, account: base.account }, 'account'],
    [{ gateway: url, attestation: { name: 'x', judge: () => undefined } }, 'attestation'],
    [{ gateway: url, onEvent: () => undefined }, 'onEvent'],
    [{ account: base.account }, 'network'],
    [{ network: base.network }, 'account']
  ])('%#: refuses %o', (options, field) => {
    expect(refusedField(options)).toBe(field)
  })

  test('a gateway needs no account and no network, and is encrypted unless the caller says otherwise', () => {
    for (const gateway of [url, new URL(url), { url }, 'http://127.0.0.1:8080/prefix/v1/', 'http://[::1]:1'])
      expect(resolveOptions({ gateway, network: { encryptionKeys: keys } }, runtime)).toMatchObject({
        carrier: { kind: 'gateway' },
        encryption: { mode: 'required', keys }
      })
    expect(resolveOptions({ gateway: url, encryption: 'off' }, runtime).encryption.mode).toBe('off')
    expect(resolveDirect(base, runtime).encryption).toEqual({ mode: 'preferred', keys: undefined, padTo: undefined })
  })

  test('a gateway has no attestation report, and no network reads as one without keys', async () => {
    const client = build({ gateway: url })
    await expect(client.attestation()).rejects.toMatchObject({ code: 'ERR_OPTIONS' })
    expect(client.attestations().size).toBe(0)
    expect(client.proxies).toEqual([])
    expect(await client.encryption()).toMatchObject({ mode: 'required', usableKeys: [], keySource: 'none' })
    await client.close()
    await expect(client.market()).rejects.toMatchObject({ code: 'ERR_CLOSED' })
  })
})
