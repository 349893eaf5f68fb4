import type { AddressInfo } from 'node:net'
import { createServer, type Server, type TLSSocket } from 'node:tls'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bytesToHex, equalBytes } from '../../src/encoding/index.js'
import { serverPem } from '../wire/tls/support/pem.js'
import { createServerIdentity, type ServerIdentity } from '../wire/tls/support/scripted-server.js'
import { connectPure, exchange, SUITES } from './tls-peers.js'

describe('pure engine against node:tls', () => {
  let identity: ServerIdentity
  const servers: Server[] = []

  beforeAll(async () => {
    identity = await createServerIdentity()
  })
  afterAll(() => {
    for (const server of servers) server.close()
  })

  async function start(ciphers: string, serve: (socket: TLSSocket) => void): Promise<number> {
    const server = createServer(
      { ...serverPem(identity), requestCert: true, rejectUnauthorized: false, minVersion: 'TLSv1.3', ciphers },
      (socket) => {
        socket.on('error', () => undefined)
        serve(socket)
      }
    )
    servers.push(server)
    return new Promise((resolve) => {
      server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port))
    })
  }

  it.each(SUITES)('%s, whole and in pieces of one byte', async (suite) => {
    let material = ''
    const port = await start(suite, (socket) => {
      material = bytesToHex(socket.exportKeyingMaterial(40, 'EXPORTER-cocoonkit', Buffer.from('context')))
      socket.pipe(socket)
    })
    for (const chunkBytes of [undefined, 1]) {
      const { stream, judged } = await connectPure(port, {}, chunkBytes)
      expect(judged).toEqual(identity.certificateDer)
      expect(await exchange(stream, 'cocoon\n', '\n')).toBe('cocoon\n')
      const ours = await stream.exportKeyingMaterial('EXPORTER-cocoonkit', new TextEncoder().encode('context'), 40)
      expect(bytesToHex(ours)).toBe(material)
      await stream.close()
    }
  })

  it('20 MB down, through records of every size', async () => {
    const payload = new Uint8Array(20_000_000).map((_, index) => (index * 7) & 0xff)
    const port = await start(SUITES[1], (socket) => {
      for (let offset = 0, size = 1; offset < payload.length; offset += size, size = (size * 3) % 40_000 || 1) {
        socket.write(payload.subarray(offset, offset + size))
      }
      socket.end()
    })
    const { stream } = await connectPure(port)
    let offset = 0
    for (let chunk = await stream.read(); chunk !== null; chunk = await stream.read()) {
      if (!equalBytes(chunk, payload.subarray(offset, offset + chunk.length))) throw new Error(`differs at ${offset}`)
      offset += chunk.length
    }
    expect(offset).toBe(payload.length)
    expect(stream.ending).toBe('close_notify')
  })
})
