import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  connectPure,
  createPeerFiles,
  exchange,
  hasProgram,
  type Peer,
  type PeerFiles,
  startPeer,
  SUITES
} from './tls-peers.js'

const absent = !hasProgram('gnutls-serv', '--version')
const PRIORITY = { TLS_AES_128_GCM_SHA256: 'AES-128-GCM', TLS_AES_256_GCM_SHA384: 'AES-256-GCM' } as const

describe.skipIf(absent)(`pure engine against gnutls-serv${absent ? ' (skipped: no gnutls-serv here)' : ''}`, () => {
  let files: PeerFiles
  const peers: Peer[] = []

  beforeAll(async () => {
    files = await createPeerFiles()
  })
  afterAll(async () => {
    await Promise.all(peers.map((peer) => peer.stop()))
    files?.remove()
  })

  async function start(cipher: string): Promise<Peer> {
    const peer = await startPeer('gnutls-serv', (port) => [
      '--echo',
      '--port',
      String(port),
      '--x509certfile',
      files.cert,
      '--x509keyfile',
      files.key,
      '--require-client-cert',
      '--priority',
      `NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+${cipher}`
    ])
    peers.push(peer)
    return peer
  }

  it.each(SUITES)('%s, whole and in pieces of one byte', async (suite) => {
    const { port } = await start(PRIORITY[suite])
    for (const chunkBytes of [undefined, 1]) {
      const { stream, judged } = await connectPure(port, {}, chunkBytes)
      expect(stream.info).toEqual({ cipherSuite: suite, group: 'x25519', certificateRequested: true })
      expect(judged).toEqual(files.certificateDer)
      expect(await exchange(stream, 'cocoon\n', '\n')).toBe('cocoon\n')
      await stream.updateKeys(true)
      expect(await exchange(stream, 'again\n', '\n')).toBe('again\n')
      await stream.close()
    }
  })
})
