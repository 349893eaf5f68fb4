/**
 * TLS servers that are not ours, as peers of the native engine.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { runtime } from '../../../src/runtime/node/index.js'
import type { ByteStream } from '../../../src/runtime/ports/byte-stream.js'
import { serverIdentity } from './support/tls-peer.js'

const identity = await serverIdentity()
const folder = mkdtempSync(join(tmpdir(), 'cocoonkit-'))
writeFileSync(join(folder, 'cert.pem'), identity.cert)
writeFileSync(join(folder, 'key.pem'), identity.key)
afterAll(() => rmSync(folder, { recursive: true }))

const running = new Set<ChildProcess>()
afterEach(async () => {
  for (const child of running) {
    const exited = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGKILL')
    await exited
  }
  running.clear()
})

const PEERS = [
  {
    name: 'openssl s_server',
    command: 'openssl',
    probe: ['version'],
    arguments: (port: number) =>
      `s_server -quiet -accept 127.0.0.1:${port} -cert cert.pem -key key.pem -tls1_3 -Verify 1 -num_tickets 2 -rev`.split(
        ' '
      )
  },
  {
    name: 'gnutls-serv',
    command: 'gnutls-serv',
    probe: ['--version'],
    arguments: (port: number) =>
      `--echo --port ${port} --x509certfile cert.pem --x509keyfile key.pem --require-client-cert --priority NORMAL:-VERS-ALL:+VERS-TLS1.3`.split(
        ' '
      )
  }
]

describe.each(PEERS)('native engine against $name', ({ name, command, probe, arguments: argumentsFor }) => {
  const isMissing = spawnSync(command, probe).error !== undefined
  test.skipIf(isMissing)(isMissing ? `skipped: ${name} is not installed` : 'talks after the judgement', async () => {
    const port = await freePort()
    const child = spawn(command, argumentsFor(port), { cwd: folder, stdio: ['pipe', 'pipe', 'pipe'] })
    running.add(child)
    const raw = await dialUntilUp(port, child)
    let judged: Uint8Array | undefined
    const stream = await runtime.nativeTls!.connect(raw, {
      judge: (certificateDer) => {
        judged = certificateDer
        return Promise.resolve()
      },
      clock: runtime.clock,
      random: runtime.random
    })
    expect(judged).toEqual(identity.certificateDer)
    await stream.write(new TextEncoder().encode('abc\n'))
    let echoed = ''
    while (!echoed.endsWith('\n'))
      echoed += new TextDecoder().decode((await stream.read()) ?? new TextEncoder().encode('?\n'))
    expect(['abc\n', 'cba\n']).toContain(echoed)
    await stream.close()
  })
})

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** The server says nothing when it is ready; until then connections are refused. */
async function dialUntilUp(port: number, child: ChildProcess): Promise<ByteStream> {
  for (;;) {
    try {
      return await runtime.dialer!.dial({ host: '127.0.0.1', port })
    } catch (error) {
      if (child.exitCode !== null) throw error
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
}
