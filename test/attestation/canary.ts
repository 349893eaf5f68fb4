/**
 * Peers that must be refused, and connections that break anywhere, against the real client on real sockets: not a byte of
 * application data may reach a peer before the policy has accepted it. Everything that arrives is recorded, in the clear
 * after TLS and raw before it.
 */
import { createServer, type AddressInfo, connect, type Server, type Socket } from 'node:net'
import { createSecureContext, TLSSocket } from 'node:tls'
import { type DevnetDescription, fromDevnet } from '../../src/attestation/index.js'
import { createServerCertificate } from '../../src/devnet/server/certificate.js'
import { createTeeVendor, DEVNET_TEE_FAULTS, type DevnetTeeOptions } from '../../src/devnet/tee-vendor/index.js'
import { encodeTl } from '../../src/encoding/tl/index.js'
import { Cocoon } from '../../src/index.js'
import type { VerdictPolicy } from '../../src/runtime/ports/verdict.js'
import { FrameEncoder } from '../../src/wire/frames/index.js'
import { encodePowChallenge, POW_RESPONSE_BYTES } from '../../src/wire/pow/index.js'

const PROMPT = 'canary-prompt-3f1e9a'
const SECRET = 'canary-secret-b7702c'
const TIMEOUT_MS = 2000

/** What one run found. */
export interface CanaryResult {
  readonly schedules: number
  readonly refused: number
  readonly accepted: number
  readonly broken: number
  /** Application data that a peer got before, or without, a positive verdict. */
  readonly leakedBytes: number
  /** Application data that accepted peers got: shows that the recorder sees something. */
  readonly dataAfterVerdict: number
  /** Finds of prompt or secret in anything that any peer got, raw or decrypted. */
  readonly canariesSeen: number
  readonly unexpected: readonly string[]
}

interface Peer {
  readonly name: string
  readonly isGood: boolean
  readonly secureContext: ReturnType<typeof createSecureContext>
  readonly description: Omit<DevnetDescription, 'network'>
}

/** One way for a connection to go. */
interface Schedule {
  readonly peer: Peer
  /** Bytes after which the relay cuts, per direction; `Infinity` = never. */
  readonly cutUp: number
  readonly cutDown: number
  /** What the peer says as soon as TLS stands. */
  readonly lure: 'nothing' | 'tcp.connected' | 'garbage' | 'close'
  readonly isStream: boolean
  readonly tls: 'native' | 'pure'
}

const GOOD: DevnetTeeOptions = { kind: 'tdx' }

const KINDS: readonly DevnetTeeOptions[] = [
  GOOD,
  { kind: 'fake' },
  { kind: 'none' },
  ...DEVNET_TEE_FAULTS.filter(({ kind, expected }) => kind === 'tdx' && expected !== undefined).map(
    ({ kind, name }) => ({ kind, fault: name })
  )
]

/** Runs schedules drawn from `random` (uniform in 0…1). */
export async function runCanaries(schedules: number, random: () => number): Promise<CanaryResult> {
  const peers = new Map<DevnetTeeOptions, Peer>()
  const state = { accepted: 0, broken: 0, refused: 0, leakedBytes: 0, dataAfterVerdict: 0, canariesSeen: 0 }
  const unexpected: string[] = []
  for (let index = 0; index < schedules; index++) {
    const { tee, ...drawn } = drawSchedule(random)
    const peer = peers.get(tee) ?? (await createPeer(tee))
    peers.set(tee, peer)
    const schedule: Schedule = { ...drawn, peer }
    let isAccepted = false
    let isJudged = false
    let wasAccepted = false
    const seen: Uint8Array[] = []
    const hostile = new HostileProxy(schedule, {
      // Each connection needs a verdict of its own.
      onTls: () => {
        isAccepted = false
      },
      onData: (bytes) => {
        seen.push(bytes)
        if (isAccepted) state.dataAfterVerdict += bytes.length
        else state.leakedBytes += bytes.length
      }
    })
    const address = await hostile.listen((bytes) => seen.push(bytes))
    const { attestation, ...options } = fromDevnet({
      ...schedule.peer.description,
      network: { isTest: true, configVersion: 1, proxies: [address] }
    })
    const policy: VerdictPolicy = {
      name: attestation.name,
      async judge(evidence, context) {
        const verdict = await attestation.judge(evidence, context)
        isJudged = true
        isAccepted = verdict.accepted
        wasAccepted ||= isAccepted
        return verdict
      }
    }
    const attempt = new AbortController()
    const cocoon = new Cocoon({
      ...options,
      attestation: policy,
      timeoutMs: TIMEOUT_MS,
      runtime: { tls: schedule.tls },
      // One attempt per schedule: the pause before the next would only take time.
      onEvent: ({ type }) => {
        if (type === 'connect-failed') attempt.abort()
      }
    })
    const request = { model: 'canary', messages: [{ role: 'user' as const, content: PROMPT }] }
    try {
      await (schedule.isStream
        ? cocoon.chat.completions.create({ ...request, stream: true }, attempt)
        : cocoon.chat.completions.create({ ...request, stream: false }, attempt))
      unexpected.push(`${schedule.peer.name}: an answer`)
    } catch {
      // Every schedule ends badly: the peer is no working proxy.
    } finally {
      await cocoon.close()
      await hostile.close()
    }
    if (wasAccepted && !schedule.peer.isGood) unexpected.push(`${schedule.peer.name}: accepted`)
    state[wasAccepted ? 'accepted' : isJudged ? 'refused' : 'broken'] += 1
    const text = Buffer.concat(seen).toString('latin1')
    if (text.includes(PROMPT) || text.includes(SECRET)) state.canariesSeen += 1
  }
  return { schedules, ...state, unexpected }
}

async function createPeer(tee: DevnetTeeOptions): Promise<Peer> {
  const nowUnixMs = Date.now()
  const vendor = createTeeVendor(tee, nowUnixMs, 'apr-2026')
  const { shiftMs = 0, changeDer } = vendor.certificateFault
  const certificate = await createServerCertificate({
    version: 1,
    evidence: vendor.evidence,
    nowUnixMs: nowUnixMs + shiftMs,
    changeDer
  })
  return {
    name: tee.fault ?? tee.kind ?? 'tdx',
    isGood: tee.kind === 'tdx' && tee.fault === undefined,
    secureContext: createSecureContext({
      cert: certificate.certificatePem,
      key: certificate.privateKeyPem,
      minVersion: 'TLSv1.3'
    }),
    description: {
      schema: 'cocoonkit.devnet-description.v1',
      name: 'canary',
      account: { owner: `0:${'11'.repeat(32)}`, secret: SECRET },
      attestation: vendor.describe()
    }
  }
}

function drawSchedule(random: () => number): Omit<Schedule, 'peer'> & { readonly tee: DevnetTeeOptions } {
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T
  const cut = (share: number, span: number): number =>
    random() < share ? Math.floor(random() * span) : Number.POSITIVE_INFINITY
  return {
    // Now and then a good one, which shows that the recorder sees data at all.
    tee: random() < 0.1 ? GOOD : pick(KINDS),
    cutUp: cut(0.3, 1200),
    cutDown: cut(0.3, 9000),
    lure: pick(['nothing', 'tcp.connected', 'garbage', 'close']),
    isStream: random() < 0.5,
    tls: pick(['native', 'pure'])
  }
}

interface Watch {
  onTls(): void
  /** Application data, decrypted. */
  onData(bytes: Uint8Array): void
}

/** A proxy with a TLS certificate and no manners, behind a relay that records and cuts. */
class HostileProxy {
  readonly #schedule: Schedule
  readonly #watch: Watch
  readonly #sockets = new Set<Socket>()
  readonly #servers: Server[] = []

  constructor(schedule: Schedule, watch: Watch) {
    this.#schedule = schedule
    this.#watch = watch
  }

  /** @returns `host:port` of the relay. */
  async listen(onRaw: (bytes: Uint8Array) => void): Promise<string> {
    const peerPort = await this.#serve((socket) => this.#front(socket))
    const relayPort = await this.#serve((client) => this.#relay(client, peerPort, onRaw))
    return `127.0.0.1:${relayPort}`
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await Promise.all(this.#servers.map((server) => new Promise((resolve) => server.close(resolve))))
  }

  #serve(accept: (socket: Socket) => void): Promise<number> {
    const server = createServer({ noDelay: true }, (socket) => accept(this.#track(socket)))
    this.#servers.push(server)
    return new Promise((resolve) =>
      server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port))
    )
  }

  #track(socket: Socket): Socket {
    this.#sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => this.#sockets.delete(socket))
    return socket
  }

  #relay(client: Socket, port: number, onRaw: (bytes: Uint8Array) => void): void {
    const upstream = this.#track(connect(port, '127.0.0.1'))
    const end = (): void => {
      client.destroy()
      upstream.destroy()
    }
    const pipe = (from: Socket, to: Socket, limit: number, record?: (bytes: Uint8Array) => void): void => {
      let left = limit
      from.on('data', (chunk: Buffer) => {
        const part = chunk.subarray(0, Math.min(chunk.length, left))
        left -= part.length
        record?.(part)
        if (left > 0) to.write(part)
        else to.write(part, end)
      })
      from.on('close', end)
    }
    pipe(client, upstream, this.#schedule.cutUp, onRaw)
    pipe(upstream, client, this.#schedule.cutDown)
  }

  #front(socket: Socket): void {
    socket.write(encodePowChallenge({ difficultyBits: 0, salt: new Uint8Array(16) }))
    const read = (): void => {
      if (socket.read(POW_RESPONSE_BYTES) === null) return
      socket.off('readable', read)
      this.#startTls(socket)
    }
    socket.on('readable', read)
  }

  #startTls(socket: Socket): void {
    const { secureContext } = this.#schedule.peer
    this.#watch.onTls()
    const secure = new TLSSocket(socket, {
      isServer: true,
      secureContext,
      requestCert: true,
      rejectUnauthorized: false
    })
    // From here on only the TLS socket: destroying the raw one under it crashes Node 20.
    this.#sockets.delete(socket)
    this.#track(secure)
    let chunks = 0
    secure.on('data', (chunk: Buffer) => {
      this.#watch.onData(new Uint8Array(chunk))
      // Only accepted peers come here; they have nothing to say, so the call need not wait for its timeout.
      if (++chunks === 2 || this.#schedule.lure !== 'tcp.connected') secure.destroy()
    })
    secure.once('secure', () => {
      const { lure } = this.#schedule
      if (lure === 'close') setImmediate(() => secure.destroy())
      if (lure === 'garbage') secure.write('HTTP/1.1 200 OK\r\n\r\n')
      if (lure === 'tcp.connected') secure.write(new FrameEncoder().encode(encodeTl({ type: 'tcp.connected', id: 1n })))
    })
  }
}
