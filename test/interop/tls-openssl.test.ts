import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  connectPure,
  createPeerFiles,
  exchange,
  hasProgram,
  type Peer,
  type PeerFiles,
  readUntil,
  startPeer,
  SUITES,
  until
} from './tls-peers.js'

const absent = !hasProgram('openssl', 'version')

describe.skipIf(absent)(
  `pure engine against openssl s_server -Verify 1${absent ? ' (skipped: no openssl here)' : ''}`,
  () => {
    let files: PeerFiles
    let peer: Peer
    const argumentsFor =
      (...extra: string[]) =>
      (port: number): string[] => [
        's_server',
        '-accept',
        `127.0.0.1:${port}`,
        '-cert',
        files.cert,
        '-key',
        files.key,
        '-Verify',
        '1',
        '-tls1_3',
        ...extra
      ]

    beforeAll(async () => {
      files = await createPeerFiles()
      // Answers each line reversed.
      peer = await startPeer('openssl', argumentsFor('-rev'))
    })
    afterAll(async () => {
      await peer?.stop()
      files?.remove()
    })

    it.each(SUITES)('%s', async (suite) => {
      const { stream, judged } = await connectPure(peer.port, { cipherSuites: [suite] })
      expect(stream.info).toEqual({ cipherSuite: suite, group: 'x25519', certificateRequested: true })
      expect(judged).toEqual(files.certificateDer)
      expect(await exchange(stream, 'cocoon\n', '\n')).toBe('noococ\n')
      await stream.close()
    })

    it('P-256 by option, and both groups offered', async () => {
      for (const groups of [['secp256r1'], ['secp256r1', 'x25519']] as const) {
        const { stream } = await connectPure(peer.port, { groups })
        expect(await exchange(stream, 'p256\n', '\n')).toBe('652p\n')
        await stream.close()
      }
      const { stream } = await connectPure(peer.port, { groups: ['secp256r1'] })
      expect(stream.info.group).toBe('secp256r1')
      await stream.close()
    })

    it.each([1, 7, 1000])('what arrives in pieces of %i bytes', async (chunkBytes) => {
      const { stream } = await connectPure(peer.port, {}, chunkBytes)
      expect(await exchange(stream, 'fragments\n', '\n')).toBe('stnemgarf\n')
      await stream.close()
    })

    it('padded records', async () => {
      const { stream } = await connectPure(peer.port, { paddingMultiple: 1024 })
      expect(await exchange(stream, 'padding\n', '\n')).toBe('gniddap\n')
      await stream.close()
    })

    it('KeyUpdate from our side, with and without an answer', async () => {
      const { stream } = await connectPure(peer.port)
      for (const requestPeer of [false, true]) {
        await stream.updateKeys(requestPeer)
        expect(await exchange(stream, 'update\n', '\n')).toBe('etadpu\n')
      }
      await stream.close()
    })

    it('KeyUpdate from the server, asking and not asking', async () => {
      const interactive = await startPeer('openssl', argumentsFor())
      try {
        const { stream } = await connectPure(interactive.port)
        const count = (word: string): number => interactive.output().split(word).length - 1
        let pokes = 0
        // The server's notes are buffered until it prints what it received.
        const poke = async (): Promise<void> => {
          await stream.write(new TextEncoder().encode('poke\n'))
          pokes++
          await until(() => count('poke') === pokes)
        }
        for (const [index, command] of ['k\n', 'K\n', 'k\n'].entries()) {
          interactive.process.stdin?.write(command)
          // A command counts only at the start of what it reads at once, hence the wait before the text.
          while (count('SSL_do_handshake') <= index) await poke()
          interactive.process.stdin?.write('after the update\n')
          await readUntil(stream, 'after the update')
          await poke()
        }
        await stream.close()
      } finally {
        await interactive.stop()
      }
    })

    it('close_notify from the server', async () => {
      const { stream } = await connectPure(peer.port)
      await stream.write(new TextEncoder().encode('CLOSE\n'))
      expect(await stream.read()).toBeNull()
      expect(stream.ending).toBe('close_notify')
      await stream.close()
    })

    it('a server that only knows other groups', async () => {
      const other = await startPeer('openssl', argumentsFor('-rev', '-groups', 'P-384'))
      try {
        await expect(connectPure(other.port)).rejects.toMatchObject({
          code: 'ERR_TLS',
          alertReceived: { name: 'handshake_failure' }
        })
      } finally {
        await other.stop()
      }
    })

    it('a server that takes the second of our groups needs no retry', async () => {
      const other = await startPeer('openssl', argumentsFor('-rev', '-groups', 'P-256'))
      try {
        const { stream } = await connectPure(other.port, { groups: ['x25519', 'secp256r1'] })
        expect(stream.info.group).toBe('secp256r1')
        await stream.close()
      } finally {
        await other.stop()
      }
    })

    it('the same exported keying material on both sides', async () => {
      const exporting = await startPeer(
        'openssl',
        argumentsFor('-keymatexport', 'EXPORTER-cocoonkit', '-keymatexportlen', '40')
      )
      try {
        const { stream } = await connectPure(exporting.port)
        const ours = Buffer.from(await stream.exportKeyingMaterial('EXPORTER-cocoonkit', new Uint8Array(0), 40))
        await until(() => exporting.output().includes('Keying material: '))
        expect(exporting.output()).toContain(ours.toString('hex').toUpperCase())
        await stream.close()
      } finally {
        await exporting.stop()
      }
    })
  }
)
