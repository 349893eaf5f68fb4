import { X509Certificate } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import { fakeTdxEvidence, startDevnet, type Devnet, type DevnetOptions } from '../../src/devnet.js'
import { createEd25519Certificate, type CertificateExtension } from '../../src/encoding/x509/index.js'
import { hexToBytes } from '../../src/encoding/index.js'
import { decodePowChallenge, encodePowResponse } from '../../src/wire/pow/index.js'
import { openConnection, openReady, openTcp, openTls, readBytes, ScriptedClient, solve } from './scripted-client.js'

const running: Devnet[] = []

async function start(options: DevnetOptions = {}): Promise<Devnet> {
  const devnet = await startDevnet(options)
  running.push(devnet)
  return devnet
}

afterEach(async () => {
  for (const devnet of running.splice(0)) {
    await devnet.close()
    expect(devnet.liveHandles).toBe(0)
    expect(devnet.stats().openConnections).toBe(0)
  }
})

const address = (devnet: Devnet): string => devnet.network.proxies[0] ?? ''

describe('proof of work', () => {
  it('asks for the difficulty that it was given', async () => {
    const socket = await openTcp(address(await start({ difficultyBits: 20 })))
    expect(decodePowChallenge(await readBytes(socket, 24)).difficultyBits).toBe(20)
    socket.destroy()
  })

  it('closes without a word on a wrong nonce or magic', async () => {
    const devnet = await start({ difficultyBits: 64 })
    for (const response of [encodePowResponse(1n), new Uint8Array(12)]) {
      const socket = await openTcp(address(devnet))
      await readBytes(socket, 24)
      socket.write(response)
      expect((await readBytes(socket, 1)).length).toBe(0)
      socket.destroy()
    }
    expect(devnet.connections.map((connection) => connection.closeReason)).toEqual(['pow', 'pow'])
  })

  it('takes the response split in bytes, with the ClientHello behind it', async () => {
    const socket = await openTcp(address(await start()))
    const response = solve(await readBytes(socket, 24))
    for (const byte of response) socket.write(Uint8Array.of(byte))
    const client = new ScriptedClient(await openTls(socket))
    client.send({ type: 'tcp.connect', id: 3n })
    expect(await client.next()).toEqual({ type: 'tcp.connected', id: 3n })
    client.close()
  })
})

describe('server certificate', () => {
  it('has the form of the reference, version field left out', async () => {
    const devnet = await start({ evidence: fakeTdxEvidence })
    const der = devnet.certificates[0] ?? new Uint8Array()
    const certificate = new X509Certificate(der)
    expect(certificate.subject.split('\n')).toEqual([
      'C=AE',
      'ST=DUBAI',
      'O=TDLib Development',
      'OU=Security',
      'CN=localhost'
    ])
    expect(certificate.publicKey.asymmetricKeyType).toBe('ed25519')
    expect(certificate.verify(certificate.publicKey)).toBe(true)
    expect(Date.parse(certificate.validTo) - Date.parse(certificate.validFrom)).toBe(86_400_000)
    // No [0] EXPLICIT version in front of the serial number.
    expect(der[8]).toBe(0x02)
  })

  it('can carry the version field and other evidence', async () => {
    const devnet = await start({ certificateVersion: 3, evidence: () => [] })
    expect((devnet.certificates[0] ?? [])[8]).toBe(0xa0)
  })
})

const hour = 3_600_000
const certificate = (change: {
  extensions?: readonly CertificateExtension[]
  notBefore?: Date
  notAfter?: Date
}): Promise<{ certificateDer: Uint8Array; privateKeyPkcs8: Uint8Array }> =>
  createEd25519Certificate({
    notBefore: new Date(Date.now() - hour),
    notAfter: new Date(Date.now() + hour),
    serial: Uint8Array.of(7),
    ...change
  })

const pem = (label: string, der: Uint8Array): string =>
  `-----BEGIN ${label}-----\n${Buffer.from(der).toString('base64')}\n-----END ${label}-----\n`

const extension = (oid: string, critical: boolean, hex: string): CertificateExtension => ({
  oid,
  critical,
  value: hexToBytes(hex)
})

describe('client certificate', () => {
  // wire.md §3.4, the observed matrix.
  const rows: Array<[string, boolean, Parameters<typeof certificate>[0] | undefined]> = [
    ['plain', true, {}],
    ['EKU clientAuth', true, { extensions: [extension('2.5.29.37', false, '300a06082b06010505070302')] }],
    ['EKU serverAuth only', false, { extensions: [extension('2.5.29.37', false, '300a06082b06010505070301')] }],
    ['keyUsage without digitalSignature', false, { extensions: [extension('2.5.29.15', true, '03020106')] }],
    ['unknown extension', true, { extensions: [extension('1.2.3.4', false, '0500')] }],
    ['unknown critical extension', false, { extensions: [extension('1.2.3.4', true, '0500')] }],
    ['quote with junk', true, { extensions: [extension('1.3.6.1.4.1.12345.1', true, 'ffff')] }],
    ['expired', false, { notBefore: new Date(Date.now() - 3 * hour), notAfter: new Date(Date.now() - hour) }],
    ['not yet valid', false, { notBefore: new Date(Date.now() + hour), notAfter: new Date(Date.now() + 2 * hour) }],
    ['none', false, undefined]
  ]
  it.each(rows)('%s: accepted %s', async (_name, accepted, change) => {
    const socket = await openTcp(address(await start()))
    socket.write(solve(await readBytes(socket, 24)))
    const made = change === undefined ? undefined : await certificate(change)
    const credentials =
      made === undefined
        ? { cert: '', key: '' }
        : { cert: pem('CERTIFICATE', made.certificateDer), key: pem('PRIVATE KEY', made.privateKeyPkcs8) }
    // The client believes the handshake is finished in either case.
    const client = new ScriptedClient(await openTls(socket, credentials))
    client.send({ type: 'tcp.connect', id: 3n })
    expect(await client.next()).toEqual(accepted ? { type: 'tcp.connected', id: 3n } : undefined)
    client.close()
  })
})

describe('framing', () => {
  it.each([
    ['length 3', '0300000001000000aabbcc'],
    ['length over 2^24', '0100000101000000'],
    ['wrong sequence number', '0c000000020000007c62e9bb0500000000000000'],
    ['unknown constructor', '0400000001000000deadbeef'],
    ['trailing bytes', '10000000010000007c62e9bb050000000000000000000000']
  ])('%s closes silently', async (_name, hex) => {
    const devnet = await start()
    const client = await openConnection(address(devnet))
    client.secure.write(hexToBytes(hex))
    expect(await client.next()).toBeUndefined()
    expect(devnet.connections[0]?.closeReason).toBe('protocol violation')
  })

  it('the first frame must be tcp.connect', async () => {
    const socket = await openTcp(address(await start()))
    socket.write(solve(await readBytes(socket, 24)))
    const client = new ScriptedClient(await openTls(socket))
    client.send({ type: 'tcp.ping', id: 1n })
    expect(await client.next()).toBeUndefined()
  })

  it('closes an idle connection, pings keep it', async () => {
    const devnet = await start({ idleTimeoutMs: 60 })
    const client = await openReady(devnet)
    await client.ended()
    expect(devnet.connections[0]?.closeReason).toBe('idle')
  })
})

describe('faults of connections', () => {
  it('of the challenge', async () => {
    const devnet = await start({ faults: ['pow-difficulty-255'] })
    let socket = await openTcp(address(devnet))
    expect(decodePowChallenge(await readBytes(socket, 24)).difficultyBits).toBe(255)
    socket.destroy()
    devnet.setFault('pow-magic')
    socket = await openTcp(address(devnet))
    const challenge = await readBytes(socket, 24)
    expect(() => decodePowChallenge(challenge)).toThrow(/challenge/)
    socket.destroy()
    devnet.setFault('close-on-accept')
    socket = await openTcp(address(devnet))
    expect((await readBytes(socket, 1)).length).toBe(0)
    devnet.setFault('silent')
    socket = await openTcp(address(devnet))
    socket.destroy()
  })

  it('end of stream after TLS', async () => {
    const devnet = await start({ faults: ['reject-certificate'] })
    const client = await openConnection(address(devnet))
    expect(await client.next()).toBeUndefined()
    expect(client.bytesReceived).toBe(0)
  })

  it.each([
    ['handshake-wrong-seqno', 'ERR_FRAME_SEQNO'],
    ['handshake-bad-length', 'ERR_FRAME_SIZE'],
    ['handshake-bad-length-3', 'ERR_FRAME_SIZE'],
    ['handshake-unknown-frame', 'ERR_TL_DECODE'],
    ['handshake-trailing-bytes', 'ERR_TL_DECODE'],
    ['handshake-truncated-object', 'ERR_TL_DECODE']
  ])('%s is %s for the peer', async (name, code) => {
    const devnet = await start({ faults: [name] })
    const client = await openConnection(address(devnet))
    expect(await client.next()).toBeUndefined()
    expect(client.failure).toMatchObject({ code })
    client.close()
  })

  it.each([
    ['handshake-error-651', { type: 'tcp.queryError', code: 651 }],
    ['handshake-wrong-answer', { type: 'client.workerTypesV2' }]
  ])('%s', async (name, answer) => {
    const client = await openConnection(address(await start({ faults: [name] })))
    expect(await client.query({ type: 'client.updatePaymentStatus' })).toMatchObject(answer)
    client.close()
  })

  it('slow-trickle sends byte by byte, everything arrives', async () => {
    const client = await openConnection(address(await start({ faults: ['slow-trickle-0'] })))
    client.send({ type: 'tcp.ping', id: 1n })
    expect(await client.next()).toEqual({ type: 'tcp.pong', id: 1n })
    client.close()
  })

  it('refuses unknown names', async () => {
    await expect(startDevnet({ faults: ['no-such-fault'] })).rejects.toMatchObject({ code: 'ERR_OPTIONS' })
  })
})
