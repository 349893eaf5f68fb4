import { spawnSync } from 'node:child_process'
import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bytesToHex, encodeUtf8 } from '../../src/encoding/index.js'
import {
  connectPure,
  createPeerFiles,
  exchange,
  hasProgram,
  type Peer,
  type PeerFiles,
  readUntil,
  startPeer
} from './tls-peers.js'

const absent = !hasProgram('go', 'version')

describe.skipIf(absent)(`pure engine against Go crypto/tls${absent ? ' (skipped: no go here)' : ''}`, () => {
  let files: PeerFiles
  let peer: Peer

  beforeAll(async () => {
    files = await createPeerFiles()
    const source = join(files.directory, 'server.go')
    const program = join(files.directory, 'server')
    copyFileSync(fileURLToPath(new URL('./tls-server.go.txt', import.meta.url)), source)
    const environment = { ...process.env, GOFLAGS: '-mod=mod', GO111MODULE: 'off', CGO_ENABLED: '0', GOPROXY: 'off' }
    const built = spawnSync('go', ['build', '-o', program, source], { env: environment, encoding: 'utf8' })
    if (built.status !== 0) throw new Error(built.stderr)
    peer = await startPeer(program, (port) => [String(port), files.cert, files.key])
  }, 180_000)
  afterAll(async () => {
    await peer?.stop()
    files?.remove()
  })

  // Go chooses the suite itself and prefers AES-128; offering one alone covers both.
  it.each(['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384'] as const)(
    '%s, whole and in pieces of one byte',
    async (suite) => {
      for (const chunkBytes of [undefined, 1]) {
        const { stream, judged } = await connectPure(peer.port, { cipherSuites: [suite] }, chunkBytes)
        expect(judged).toEqual(files.certificateDer)
        const material = await stream.exportKeyingMaterial('EXPORTER-cocoonkit', encodeUtf8('context'), 40)
        expect(await readUntil(stream, '\n')).toBe(`${suite} true ${bytesToHex(material)}\n`)
        expect(await exchange(stream, 'cocoon\n', '\n')).toBe('cocoon\n')
        await stream.updateKeys(true)
        expect(await exchange(stream, 'again\n', '\n')).toBe('again\n')
        await stream.close()
      }
    }
  )

  it('P-256 by option', async () => {
    const { stream } = await connectPure(peer.port, { groups: ['secp256r1'] })
    expect(await readUntil(stream, '\n')).toContain('TLS_AES_128_GCM_SHA256 true')
    await stream.close()
  })
})
