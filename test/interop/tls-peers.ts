/**
 * Foreign TLS servers as child processes: started on a free port, stopped with the tests, absent with a reason.
 *
 * @module
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CocoonError } from '../../src/errors.js'
import type { ByteStream } from '../../src/runtime/ports/byte-stream.js'
import { createPureTlsEngine, type PureTlsOptions, type TlsStream } from '../../src/wire/tls/index.js'
import { FakeClock } from '../support/fake-clock.js'
import { SeededRandom } from '../support/seeded-random.js'
import { serverPem } from '../wire/tls/support/pem.js'
import { createServerIdentity } from '../wire/tls/support/scripted-server.js'
import { dialLocal } from '../wire/tls/support/socket-stream.js'

/** Whether a program can be run here. */
export function hasProgram(name: string, ...versionArguments: readonly string[]): boolean {
  return spawnSync(name, versionArguments, { stdio: 'ignore' }).error === undefined
}

/** A folder with a server's certificate and key as PEM. */
export interface PeerFiles {
  readonly directory: string
  readonly cert: string
  readonly key: string
  readonly certificateDer: Uint8Array
  remove(): void
}

/** Makes a fresh identity and writes it to a temporary folder. */
export async function createPeerFiles(): Promise<PeerFiles> {
  const identity = await createServerIdentity()
  const directory = mkdtempSync(join(tmpdir(), 'cocoonkit-interop-'))
  const { cert, key } = serverPem(identity)
  const files = { cert: join(directory, 'cert.pem'), key: join(directory, 'key.pem') }
  writeFileSync(files.cert, cert)
  writeFileSync(files.key, key, { mode: 0o600 })
  return {
    directory,
    ...files,
    certificateDer: identity.certificateDer,
    remove: () => rmSync(directory, { recursive: true, force: true })
  }
}

/** A port that nobody listens on at the moment, for servers that cannot choose one themselves. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo
      probe.close(() => resolve(port))
    })
  })
}

/** A running foreign server. */
export interface Peer {
  readonly port: number
  readonly process: ChildProcess
  /** What it printed so far. */
  output(): string
  stop(): Promise<void>
}

/** Starts a server and waits until it accepts connections. */
export async function startPeer(
  command: string,
  commandArguments: (port: number) => readonly string[],
  options: { readonly cwd?: string } = {}
): Promise<Peer> {
  const port = await freePort()
  const child = spawn(command, commandArguments(port), { stdio: ['pipe', 'pipe', 'pipe'], cwd: options.cwd })
  let printed = ''
  child.stdout.on('data', (chunk) => (printed += String(chunk)))
  child.stderr.on('data', (chunk) => (printed += String(chunk)))
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const stop = async (): Promise<void> => {
    child.kill()
    await exited
  }
  for (let attempt = 0; ; attempt++) {
    if (child.exitCode !== null) throw new Error(`${command} ended: ${printed}`)
    try {
      const probe = await dialLocal(port)
      await probe.close('only a probe')
      return { port, process: child, output: () => printed, stop }
    } catch (error) {
      if (attempt > 400) {
        await stop()
        throw new CocoonError('ERR_INTERNAL', `${command} does not listen`, { phase: 'dial', cause: error })
      }
      await new Promise((resolve) => setTimeout(resolve, 25))
    }
  }
}

/** Connects our engine to a local port. @param chunkBytes - Cuts what arrives into pieces of this size. */
export async function connectPure(
  port: number,
  options: PureTlsOptions = {},
  chunkBytes?: number
): Promise<{ stream: TlsStream; judged: Uint8Array }> {
  let judged: Uint8Array = new Uint8Array(0)
  const raw: ByteStream = await dialLocal(port, chunkBytes)
  const stream = await createPureTlsEngine(options).connect(raw, {
    clock: new FakeClock(Date.now()),
    random: new SeededRandom(),
    judge: async (certificateDer) => void (judged = certificateDer)
  })
  return { stream, judged }
}

/** Sends text and reads until `expected` has arrived. */
export async function exchange(stream: ByteStream, text: string, expected: string): Promise<string> {
  await stream.write(new TextEncoder().encode(text))
  return readUntil(stream, expected)
}

/** Reads until the text so far contains `expected`. */
export async function readUntil(stream: ByteStream, expected: string): Promise<string> {
  let received = ''
  while (!received.includes(expected)) {
    const chunk = await stream.read()
    if (chunk === null) throw new Error(`ended after ${received}`)
    received += new TextDecoder().decode(chunk)
  }
  return received
}

/** Both suites of the profile. */
export const SUITES = ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384'] as const

/** Waits for a condition, turn by turn; the test's time limit is the limit. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve))
}
