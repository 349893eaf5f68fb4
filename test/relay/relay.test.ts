/**
 * The relay on Node over real sockets: the library's own relay dialer on one side, TCP servers and the devnet on the other.
 */
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { WebSocket } from 'ws'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { startDevnet } from '../../src/devnet.js'
import { Cocoon } from '../../src/index.js'
import { type RelayEvent, type RelayOptions, startRelay } from '../../src/relay.js'
import type { ByteStream } from '../../src/runtime/ports/byte-stream.js'
import { relayDialer } from '../../src/runtime/shared/index.js'
import { acceptFakeTee } from '../../src/unsafe.js'

const cleanUp: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const task of cleanUp.splice(0).toReversed()) await task()
})

// Node 20 has no WebSocket of its own; the dialer takes the platform's.
beforeAll(() => void (globalThis.WebSocket ??= WebSocket as never))

async function listen(onConnection: (socket: Socket) => void): Promise<{ target: string; port: number }> {
  const server: Server = createServer(onConnection)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  cleanUp.push(() => new Promise((resolve) => server.close(resolve)))
  const { port } = server.address() as AddressInfo
  return { target: `127.0.0.1:${port}`, port }
}

async function relayTo(
  target: string,
  options: Partial<RelayOptions> = {}
): Promise<{ url: string; events: RelayEvent[]; connections: () => number }> {
  const events: RelayEvent[] = []
  const relay = await startRelay({
    targets: [target],
    origins: '*',
    onEvent: (event) => events.push(event),
    ...options
  })
  cleanUp.push(() => relay.close())
  return { url: relay.url, events, connections: () => relay.connections }
}

async function readAll(stream: ByteStream): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  for (let chunk = await stream.read(); chunk !== null; chunk = await stream.read()) chunks.push(chunk)
  return new Uint8Array(await new Blob(chunks as Uint8Array<ArrayBuffer>[]).arrayBuffer())
}

describe('startRelay', () => {
  it('copies bytes both ways, also those sent at once, and ends both sides', async () => {
    const server = await listen((socket) => {
      socket.write('hello ')
      socket.once('data', (data) => socket.end(data))
    })
    const relay = await relayTo(server.target)
    const stream = await relayDialer({ url: relay.url }).dial({ host: '127.0.0.1', port: server.port })
    await stream.write(new TextEncoder().encode('relay'))
    expect(new TextDecoder().decode(await readAll(stream))).toBe('hello relay')
    await stream.close()
    await expect.poll(() => relay.events.at(-1)).toMatchObject({ type: 'closed', bytesToTarget: 5, bytesToClient: 11 })
    expect(relay.connections()).toBe(0)
  })

  it('carries megabytes without holding them', async () => {
    const size = 24 * 1024 * 1024
    const block = new Uint8Array(256 * 1024).fill(7)
    const server = await listen((socket) => {
      let sent = 0
      const pump = (): void => {
        while (sent < size) {
          sent += block.length
          if (!socket.write(block)) return void socket.once('drain', pump)
        }
        socket.end()
      }
      pump()
    })
    const relay = await relayTo(server.target)
    const stream = await relayDialer({ url: relay.url }).dial({ host: '127.0.0.1', port: server.port })
    expect((await readAll(stream)).length).toBe(size)
  })

  it('refuses other targets and origins with a status, and the dialer says so', async () => {
    const server = await listen((socket) => socket.destroy())
    const relay = await relayTo(server.target, { origins: ['https://app.example'] })
    await expect(relayDialer({ url: relay.url }).dial({ host: '127.0.0.1', port: server.port })).rejects.toMatchObject({
      code: 'ERR_DIAL'
    })
    expect(relay.events).toMatchObject([{ type: 'refused', status: 403, reason: 'origin not allowed' }])
  })

  it('answers 502 for a target that is not there', async () => {
    const relay = await relayTo('127.0.0.1:1')
    await expect(relayDialer({ url: relay.url }).dial({ host: '127.0.0.1', port: 1 })).rejects.toMatchObject({
      code: 'ERR_DIAL',
      phase: 'dial'
    })
    expect(relay.events).toMatchObject([{ type: 'refused', status: 502 }])
    expect(relay.connections()).toBe(0)
  })

  it('closes an idle connection and one that sends text', async () => {
    const server = await listen((socket) => socket.on('error', () => undefined))
    const relay = await relayTo(server.target, { idleTimeoutMs: 50 })
    const stream = await relayDialer({ url: relay.url }).dial({ host: '127.0.0.1', port: server.port })
    expect(await stream.read()).toBeNull()
    expect(relay.events.at(-1)).toMatchObject({ type: 'closed', reason: 'idle' })

    const socket = new WebSocket(`${relay.url}/?target=${server.target}`)
    socket.on('open', () => socket.send('text'))
    await new Promise((resolve) => socket.on('close', resolve))
    expect(relay.events.at(-1)).toMatchObject({ type: 'closed', reason: 'text message' })
  })

  it('lets a chat through that it cannot read', async () => {
    const devnet = await startDevnet()
    cleanUp.push(() => devnet.close())
    const seen: Uint8Array[] = []
    const spy = await listen((socket) => void spyOn(socket, devnet.network.proxies[0]!, seen))
    const relay = await relayTo(spy.target)
    const cocoon = new Cocoon({
      network: { ...devnet.network, proxies: [spy.target] },
      account: devnet.account,
      attestation: acceptFakeTee(),
      runtime: { dialer: relayDialer({ url: relay.url }), tls: 'pure' }
    })
    cleanUp.push(() => cocoon.close())
    const answer = await cocoon.chat.completions.create({
      model: 'devnet/echo',
      messages: [{ role: 'user', content: 'canary-prompt' }]
    })
    expect(answer.choices[0]?.message.content).toContain('canary-prompt')
    const wire = new TextDecoder('latin1').decode(await new Blob(seen as Uint8Array<ArrayBuffer>[]).arrayBuffer())
    expect(wire.length).toBeGreaterThan(500)
    expect(wire).not.toContain('canary-prompt')
    expect(wire).not.toContain(devnet.account.secret)
  })
})

/** Passes a connection on to the devnet's proxy and keeps what crosses. */
async function spyOn(client: Socket, proxy: string, seen: Uint8Array[]): Promise<void> {
  const { connect } = await import('node:net')
  const [host, port] = proxy.split(':')
  const server = connect(Number(port), host)
  for (const [from, to] of [
    [client, server],
    [server, client]
  ] as const) {
    from.on('data', (data: Uint8Array) => {
      seen.push(Uint8Array.from(data))
      to.write(data)
    })
    from.on('close', () => to.destroy())
    from.on('error', () => undefined)
  }
}
