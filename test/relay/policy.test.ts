import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RelayPolicy } from '../../src/relay/index.js'
import { formatTarget, targetOf } from '../../src/relay/policy.js'

const request = { url: '/?target=127.0.0.1:8888', origin: 'https://app.example', clientAddress: '192.0.2.1' }

describe('RelayPolicy', () => {
  it('is not made without lists', () => {
    expect(() => new RelayPolicy({ targets: [], origins: '*' })).toThrow(
      expect.objectContaining({ code: 'ERR_OPTIONS', field: 'targets' })
    )
    expect(() => new RelayPolicy({ targets: ['a:1'], origins: [] })).toThrow(
      expect.objectContaining({ code: 'ERR_OPTIONS', field: 'origins' })
    )
    expect(() => new RelayPolicy({ origins: '*' } as never)).toThrow(expect.objectContaining({ code: 'ERR_OPTIONS' }))
  })

  it('serves a listed target to a listed origin only', async () => {
    const policy = new RelayPolicy({ targets: ['127.0.0.1:8888'], origins: ['https://app.example'] })
    expect(await policy.decide(request)).toEqual({ accepted: true, target: { host: '127.0.0.1', port: 8888 } })
    expect(await policy.decide({ ...request, origin: 'https://evil.example' })).toMatchObject({
      accepted: false,
      status: 403
    })
    expect(await policy.decide({ ...request, origin: undefined })).toMatchObject({ accepted: false, status: 403 })
    expect(await policy.decide({ ...request, url: '/?target=127.0.0.1:8889' })).toMatchObject({
      accepted: false,
      status: 403
    })
    expect(await policy.decide({ ...request, url: '/' })).toMatchObject({ accepted: false, status: 400 })
  })

  it('asks a function about targets', async () => {
    const policy = new RelayPolicy({ targets: async ({ port }) => port === 8888, origins: '*' })
    expect(await policy.decide(request)).toMatchObject({ accepted: true })
    expect(await policy.decide({ ...request, url: '/?target=127.0.0.1:1' })).toMatchObject({
      accepted: false,
      status: 403
    })
  })

  it('limits connections per address and in total, and counts a leave once', async () => {
    const policy = new RelayPolicy({
      targets: ['127.0.0.1:8888'],
      origins: '*',
      maxConnections: 2,
      maxConnectionsPerAddress: 1
    })
    const leave = policy.enter('192.0.2.1')
    expect(await policy.decide(request)).toMatchObject({ accepted: false, status: 429 })
    const other = { ...request, clientAddress: '192.0.2.2' }
    expect(await policy.decide(other)).toMatchObject({ accepted: true })
    policy.enter('192.0.2.2')
    expect(await policy.decide({ ...request, clientAddress: '192.0.2.3' })).toMatchObject({
      accepted: false,
      status: 503
    })
    leave()
    leave()
    expect(policy.connections).toBe(1)
    expect(await policy.decide(request)).toMatchObject({ accepted: true })
  })
})

describe('targetOf', () => {
  it.each([
    ['/?target=host.example:1', { host: 'host.example', port: 1 }],
    ['wss://relay.example/path?target=%5B%3A%3A1%5D:65535', { host: '::1', port: 65_535 }]
  ])('reads %s', (url, target) => expect(targetOf(url)).toEqual(target))

  it.each([
    '/',
    '/?target=',
    '/?target=host',
    '/?target=host:0',
    '/?target=host:65536',
    '/?target=host:01',
    '/?target=a b:1',
    '/?target=::1:1',
    `/?target=${'a'.repeat(300)}:1`,
    '/?target=user@host:1'
  ])('refuses %s', (url) => expect(targetOf(url)).toBeUndefined())

  it('never throws, and what it reads prints back', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const target = targetOf(`/?target=${encodeURIComponent(text)}`)
        if (target !== undefined) expect(formatTarget(target)).toBe(text)
        targetOf(text)
      })
    )
  })
})
