import { createServer, type AddressInfo, type Socket } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { nodeDialer, type NodeSocketStream, runtime } from '../../src/runtime/node/index.js'
import { runtime as unknown } from '../../src/runtime/default.js'
import { failure } from '../wire/session/support/scripted-proxy.js'

const cleanUps: (() => void)[] = []
afterEach(() => {
  for (const cleanUp of cleanUps.splice(0)) cleanUp()
})

/** A stream and the socket at its other end. */
async function pair(): Promise<{ stream: NodeSocketStream; other: Socket }> {
  const server = createServer({ allowHalfOpen: true })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve))
  const { port } = server.address() as AddressInfo
  const stream = (await nodeDialer.dial({ host: '127.0.0.1', port })) as NodeSocketStream
  const other = await accepted
  other.on('error', () => undefined)
  cleanUps.push(() => {
    other.destroy()
    server.close()
    void stream.close('test over')
  })
  return { stream, other }
}

async function readAll(stream: NodeSocketStream): Promise<number> {
  let length = 0
  for (let chunk = await stream.read(); chunk !== null; chunk = await stream.read()) length += chunk.length
  return length
}

describe('NodeSocketStream', () => {
  test('carries bytes both ways and ends in order', async () => {
    const { stream, other } = await pair()
    await stream.write(Uint8Array.of(1, 2))
    expect(await new Promise((resolve) => other.once('data', resolve))).toEqual(Buffer.of(1, 2))
    other.end(Buffer.alloc(300_000))
    expect(await readAll(stream)).toBe(300_000)
    expect(await stream.read()).toBeNull()
  })

  test('does not read ahead without bound', async () => {
    const { stream, other } = await pair()
    other.write(Buffer.alloc(64 * 2 ** 20))
    // The writer is held back: its buffer stays full while nobody reads.
    const drained = new Promise<string>((resolve) => other.once('drain', () => resolve('drained')))
    const idle = new Promise<string>((resolve) => {
      let turns = 0
      const turn = (): void => void (++turns > 500 ? resolve('held') : setImmediate(turn))
      turn()
    })
    expect(await Promise.race([drained, idle])).toBe('held')
    other.end()
    expect(await readAll(stream)).toBe(64 * 2 ** 20)
  })

  test('a reset is a lost connection', async () => {
    const { stream, other } = await pair()
    const reading = stream.read()
    other.resetAndDestroy()
    expect(await failure(reading)).toMatchObject({ code: 'ERR_CONNECTION_LOST' })
    expect(await failure(stream.write(Uint8Array.of(1)))).toMatchObject({ code: 'ERR_CONNECTION_LOST' })
  })

  test('closing flushes, ends a pending read, and may be repeated', async () => {
    const { stream, other } = await pair()
    const chunks: Buffer[] = []
    other.on('data', (chunk: Buffer) => chunks.push(chunk))
    const ended = new Promise((resolve) => other.once('end', resolve))
    const reading = stream.read()
    reading.catch(() => undefined)
    void stream.write(new Uint8Array(1_000_000))
    await stream.close()
    await stream.close()
    await ended
    expect(Buffer.concat(chunks)).toHaveLength(1_000_000)
    expect(await failure(reading)).toMatchObject({ code: 'ERR_CLOSED' })
    expect(await failure(stream.read())).toMatchObject({ code: 'ERR_CLOSED' })
    expect(await failure(stream.write(Uint8Array.of(1)))).toMatchObject({ code: 'ERR_CLOSED' })
  })

  test('gives its socket away with what was not read', async () => {
    const { stream, other } = await pair()
    other.write('abc')
    const socket = stream.release()
    expect(await new Promise((resolve) => socket.once('data', resolve))).toEqual(Buffer.from('abc'))
    expect(() => stream.release()).toThrow('closed')
    socket.destroy()
  })
})

describe('nodeDialer', () => {
  test('nobody there, nonsense, and an abort', async () => {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    await new Promise((resolve) => server.close(resolve))
    expect(await failure(nodeDialer.dial({ host: '127.0.0.1', port }))).toMatchObject({
      code: 'ERR_DIAL',
      retryable: true
    })
    expect(await failure(nodeDialer.dial({ host: '', port: 1 }))).toMatchObject({ code: 'ERR_OPTIONS' })
    expect(await failure(nodeDialer.dial({ host: 'localhost', port: 70_000 }))).toMatchObject({ code: 'ERR_OPTIONS' })
    const controller = new AbortController()
    const dialling = nodeDialer.dial({ host: '127.0.0.1', port }, { signal: controller.signal })
    controller.abort()
    expect(await failure(dialling)).toMatchObject({ code: 'ERR_ABORTED' })
    expect(await failure(nodeDialer.dial({ host: '127.0.0.1', port }, { signal: controller.signal }))).toMatchObject({
      code: 'ERR_ABORTED'
    })
  })
})

describe('the leaf of an unknown runtime', () => {
  test('has time, randomness and turns, and no sockets', async () => {
    expect(unknown).toMatchObject({ name: 'unknown', dialer: undefined, nativeTls: undefined })
    await unknown.yieldToEventLoop()
    expect(unknown.clock.now()).toBeGreaterThan(0)
  })
})

describe('runtime', () => {
  test('is complete', () => {
    expect(runtime).toMatchObject({ name: 'node', dialer: nodeDialer, nativeTls: { name: 'native' } })
    expect(runtime.random.bytes(70_000)).toHaveLength(70_000)
    expect(runtime.random.bytes(32)).not.toEqual(runtime.random.bytes(32))
  })

  test('its timers can be taken back and never fire early for being far', async () => {
    const fired: string[] = []
    const cancelFar = runtime.clock.setTimer(() => fired.push('far'), 2 ** 40)
    runtime.clock.setTimer(() => fired.push('taken back'), 0)()
    await new Promise<void>((resolve) => void runtime.clock.setTimer(resolve, 1))
    await runtime.yieldToEventLoop()
    cancelFar()
    expect(fired).toEqual([])
  })
})
