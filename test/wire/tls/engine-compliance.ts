/**
 * What every {@link TlsEngine} must do, whichever way it does it. Run for the pure engine and for `node:tls`; the server is
 * `node:tls` with the network's profile.
 *
 * @module
 */
import type { AddressInfo, Socket } from 'node:net'
import { createServer as createPlainServer } from 'node:net'
import { createServer, type TLSSocket, type TlsOptions } from 'node:tls'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CocoonError } from '../../../src/errors.js'
import { equalBytes } from '../../../src/encoding/index.js'
import type { ByteStream } from '../../../src/runtime/ports/byte-stream.js'
import type { TlsConnectOptions, TlsEngine } from '../../../src/runtime/ports/tls-engine.js'
import { FakeClock } from '../../support/fake-clock.js'
import { SeededRandom } from '../../support/seeded-random.js'
import { createServerIdentity, type ServerIdentity } from './support/scripted-server.js'
import { serverPem } from './support/pem.js'

/** What a suite needs to know about an engine. */
export interface ComplianceSubject {
  readonly engine: TlsEngine
  /** Connects to a local port by a stream that this engine is used with. */
  readonly dial: (port: number) => Promise<ByteStream>
}

/** Registers the suite. */
export function describeEngineCompliance(label: string, subject: ComplianceSubject): void {
  describe(`TLS engine compliance: ${label}`, () => {
    let identity: ServerIdentity
    const closers: (() => void)[] = []

    beforeAll(async () => {
      identity = await createServerIdentity()
    })
    afterAll(() => {
      for (const close of closers) close()
    })

    /** Starts a server; what it does with a connection is the test's. */
    async function serve(onSecure: (socket: TLSSocket) => void, options: TlsOptions = {}): Promise<number> {
      const server = createServer({
        ...serverPem(identity),
        requestCert: true,
        rejectUnauthorized: false,
        minVersion: 'TLSv1.3',
        ...options
      })
      const sockets = new Set<Socket>()
      server.on('connection', (socket: Socket) => sockets.add(socket))
      server.on('tlsClientError', () => undefined)
      server.on('secureConnection', (socket) => {
        socket.on('error', () => undefined)
        socket.setNoDelay(true)
        onSecure(socket)
      })
      closers.push(() => {
        server.close()
        for (const socket of sockets) socket.destroy()
      })
      return new Promise((resolve) => {
        server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port))
      })
    }

    async function connect(port: number, options: Partial<TlsConnectOptions> = {}): Promise<ByteStream> {
      return subject.engine.connect(await subject.dial(port), {
        clock: new FakeClock(Date.now()),
        random: new SeededRandom(),
        judge: async () => undefined,
        ...options
      })
    }

    const echo = (socket: TLSSocket): void => void socket.pipe(socket)

    it.each(['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384'])('handshakes and echoes with %s', async (ciphers) => {
      const stream = await connect(await serve(echo, { ciphers }))
      await stream.write(new TextEncoder().encode('ping'))
      expect(await readExactly(stream, 4)).toEqual(new TextEncoder().encode('ping'))
      await stream.close()
    })

    it('shows the judge the certificate as it is, once', async () => {
      const judged: Uint8Array[] = []
      const stream = await connect(await serve(echo), { judge: async (der) => void judged.push(der) })
      await stream.close()
      expect(judged.map((der) => equalBytes(der, identity.certificateDer))).toEqual([true])
    })

    it('presents an Ed25519 certificate that is valid now', async () => {
      const seen = new Promise<{ type: string | undefined; from: string; to: string }>((resolve, reject) => {
        void serve((socket) => {
          const certificate = socket.getPeerX509Certificate()
          if (certificate === undefined) return reject(new Error('no certificate'))
          const { publicKey, validFrom, validTo } = certificate
          resolve({ type: publicKey.asymmetricKeyType, from: validFrom, to: validTo })
        }).then((port) => connect(port), reject)
      })
      const { type, from, to } = await seen
      expect(type).toBe('ed25519')
      expect(Date.parse(from)).toBeLessThan(Date.now())
      expect(Date.parse(to)).toBeGreaterThan(Date.now())
    })

    it('sends no application data before the judge has resolved, and waits for it', async () => {
      let accept: (() => void) | undefined
      const received: Buffer[] = []
      const port = await serve((socket) => socket.on('data', (chunk) => received.push(chunk)))
      const connecting = connect(port, { judge: () => new Promise<void>((resolve) => (accept = resolve)) })
      let settled = false
      void connecting.then(() => (settled = true))
      await until(() => accept !== undefined)
      expect(settled).toBe(false)
      accept?.()
      const stream = await connecting
      expect(received).toEqual([])
      await stream.write(Uint8Array.of(1))
      await until(() => received.length > 0)
      await stream.close()
    })

    it('rejects with the very reason of the judge, and ends the connection', async () => {
      const reason = new CocoonError('ERR_ATTESTATION_REFUSED', 'no', { phase: 'attestation' })
      let ended = false
      const port = await servePlain((socket) => socket.on('close', () => (ended = true)))
      await expect(connect(port, { judge: () => Promise.reject(reason) })).rejects.toBe(reason)
      await until(() => ended)
    })

    /** A TLS server behind a plain socket that the test can watch. */
    async function servePlain(onSocket: (socket: Socket) => void): Promise<number> {
      const tls = createServer({ ...serverPem(identity), requestCert: true, rejectUnauthorized: false })
      tls.on('tlsClientError', () => undefined)
      tls.on('secureConnection', (socket) => socket.on('error', () => undefined))
      const plain = createPlainServer((socket) => {
        socket.on('error', () => undefined)
        onSocket(socket)
        tls.emit('connection', socket)
      })
      closers.push(() => plain.close())
      return new Promise((resolve) => {
        plain.listen(0, '127.0.0.1', () => resolve((plain.address() as AddressInfo).port))
      })
    }

    it('moves a megabyte each way', async () => {
      const payload = new Uint8Array(1 << 20).map((_, index) => (index * 31) & 0xff)
      const stream = await connect(await serve(echo))
      const [received] = await Promise.all([readExactly(stream, payload.length), stream.write(payload)])
      expect(equalBytes(received, payload)).toBe(true)
      await stream.close()
    })

    it('keeps the order of writes that nobody waited for', async () => {
      const stream = await connect(await serve(echo))
      const writes = Array.from({ length: 200 }, (_, index) => stream.write(Uint8Array.of(index)))
      expect(await readExactly(stream, 200)).toEqual(Uint8Array.from({ length: 200 }, (_, index) => index))
      await Promise.all(writes)
      await stream.close()
    })

    it('gives null, again and again, when the server ends in order', async () => {
      const stream = await connect(await serve((socket) => socket.end('bye')))
      expect(await readExactly(stream, 3)).toEqual(new TextEncoder().encode('bye'))
      expect(await stream.read()).toBeNull()
      expect(await stream.read()).toBeNull()
      await stream.close()
    })

    it('rejects a pending read and later calls with ERR_CLOSED after close', async () => {
      const stream = await connect(await serve(() => undefined))
      const reading = stream.read().catch((error: unknown) => error)
      await stream.close()
      await stream.close()
      expect(await reading).toMatchObject({ code: 'ERR_CLOSED' })
      await expect(stream.read()).rejects.toMatchObject({ code: 'ERR_CLOSED' })
      await expect(stream.write(Uint8Array.of(1))).rejects.toMatchObject({ code: 'ERR_CLOSED' })
    })

    it('rejects with ERR_ABORTED when the signal fires while the judge is at work', async () => {
      const controller = new AbortController()
      const judge = (): Promise<void> => {
        controller.abort()
        return new Promise(() => undefined)
      }
      const port = await serve(echo)
      await expect(connect(port, { signal: controller.signal, judge })).rejects.toMatchObject({ code: 'ERR_ABORTED' })
    })

    it('rejects with ERR_ABORTED when the signal fires while the server is silent, or had fired before', async () => {
      const port = await servePlainSilent()
      const controller = new AbortController()
      const connecting = connect(port, { signal: controller.signal })
      setImmediate(() => controller.abort())
      await expect(connecting).rejects.toMatchObject({ code: 'ERR_ABORTED' })
      await expect(connect(port, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'ERR_ABORTED' })
    })

    it('passes on the reason of the signal when it is one of ours', async () => {
      const reason = new CocoonError('ERR_TIMEOUT', 'too late', { phase: 'tls' })
      const connecting = connect(await servePlainSilent(), { signal: AbortSignal.abort(reason) })
      await expect(connecting).rejects.toMatchObject({ code: 'ERR_TIMEOUT' })
    })

    async function servePlainSilent(): Promise<number> {
      const sockets = new Set<Socket>()
      const server = createPlainServer((socket) => {
        sockets.add(socket)
        socket.on('error', () => undefined)
      })
      closers.push(() => {
        server.close()
        for (const socket of sockets) socket.destroy()
      })
      return new Promise((resolve) => {
        server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port))
      })
    }

    it('fails with a typed error when the other side is not TLS, or goes away', async () => {
      for (const answer of ['HTTP/1.1 400 Bad Request\r\n\r\n', '']) {
        const server = createPlainServer((socket) => {
          socket.on('error', () => undefined)
          socket.once('data', () => socket.end(answer))
        })
        closers.push(() => server.close())
        const port = await new Promise<number>((resolve) => {
          server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port))
        })
        const error: unknown = await connect(port).catch((reason: unknown) => reason)
        expect(error).toMatchObject({ phase: 'tls', code: answer === '' ? 'ERR_CONNECTION_LOST' : 'ERR_TLS' })
      }
    })

    it('refuses a server of TLS 1.2 with ERR_TLS', async () => {
      const port = await serve(echo, { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' })
      await expect(connect(port)).rejects.toMatchObject({ code: 'ERR_TLS', phase: 'tls' })
    })

    it('runs ten handshakes at once', async () => {
      const port = await serve(echo)
      const streams = await Promise.all(Array.from({ length: 10 }, () => connect(port)))
      await Promise.all(streams.map((stream, index) => stream.write(Uint8Array.of(index))))
      const answers = await Promise.all(streams.map((stream) => readExactly(stream, 1)))
      expect(answers.map(([byte]) => byte)).toEqual(Array.from({ length: 10 }, (_, index) => index))
      await Promise.all(streams.map((stream) => stream.close()))
    })
  })
}

async function readExactly(stream: ByteStream, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length)
  for (let offset = 0; offset < length;) {
    const chunk = await stream.read()
    if (chunk === null) throw new Error('ended early')
    bytes.set(chunk, offset)
    offset += chunk.length
  }
  return bytes
}

/** Waits for a condition, turn by turn; the test's time limit is the limit. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve))
}
