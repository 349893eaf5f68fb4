/**
 * A tiny client over real sockets, for tests of the devnet alone: no retries, no state machine, every object visible.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { decodeTl, encodeTl, type TlObject, type TlValue } from '../../src/encoding/tl/index.js'
import { createEd25519Certificate } from '../../src/encoding/x509/index.js'
import { FrameDecoder, FrameEncoder } from '../../src/wire/frames/index.js'
import { decodePowChallenge, encodePowResponse, verifyPow } from '../../src/wire/pow/index.js'

function pem(label: string, der: Uint8Array): string {
  return `-----BEGIN ${label}-----\n${Buffer.from(der).toString('base64')}\n-----END ${label}-----\n`
}

let identity: Promise<{ cert: string; key: string }> | undefined

/** A client certificate, made once. */
export function clientIdentity(): Promise<{ cert: string; key: string }> {
  identity ??= createEd25519Certificate({
    notBefore: new Date(Date.now() - 3_600_000),
    notAfter: new Date(Date.now() + 3_600_000),
    serial: new Uint8Array(randomBytes(8)).map((byte, index) => (index === 0 ? 1 : byte))
  }).then((made) => ({ cert: pem('CERTIFICATE', made.certificateDer), key: pem('PRIVATE KEY', made.privateKeyPkcs8) }))
  return identity
}

/** Opens TCP to `host:port`. */
export function openTcp(address: string): Promise<Socket> {
  const [host = '', port = ''] = address.split(':')
  return new Promise((resolve, reject) => {
    const socket = connectTcp({ port: Number(port), host, noDelay: true }, () => resolve(socket))
    socket.once('error', reject)
  })
}

/** Reads exactly `length` bytes, or what there is at the end. */
export function readBytes(socket: Socket, length: number): Promise<Uint8Array> {
  return new Promise((resolve) => {
    let ended = false
    const attempt = (): void => {
      const bytes = (socket.read(length) ?? (ended ? socket.read() : null)) as Buffer | null
      if (bytes === null && !ended) return
      socket.off('readable', attempt)
      resolve(new Uint8Array(bytes ?? []))
    }
    socket.on('readable', attempt)
    socket.once('end', () => {
      ended = true
      attempt()
    })
    socket.once('close', () => {
      ended = true
      attempt()
    })
    attempt()
  })
}

/** Solves a challenge by brute force. */
export function solve(challenge: Uint8Array): Uint8Array {
  const parsed = decodePowChallenge(challenge)
  let nonce = 0n
  while (!verifyPow(parsed, nonce)) nonce++
  return encodePowResponse(nonce)
}

/** TLS over a socket whose PoW is done. */
export async function openTls(socket: Socket, options: { cert?: string; key?: string } = {}): Promise<TLSSocket> {
  const credentials = options.cert === undefined && options.key === undefined ? await clientIdentity() : options
  return new Promise((resolve, reject) => {
    const secure = connectTls({ socket, ...credentials, rejectUnauthorized: false, minVersion: 'TLSv1.3' }, () =>
      resolve(secure)
    )
    secure.once('error', reject)
  })
}

/** The frames of one connection. */
export class ScriptedClient {
  readonly secure: TLSSocket
  readonly #encoder = new FrameEncoder()
  readonly #decoder = new FrameDecoder()
  readonly #inbox: TlObject[] = []
  #waiter: (() => void) | undefined
  #ended = false
  /** What broke the framing. */
  failure: unknown
  bytesReceived = 0

  constructor(secure: TLSSocket) {
    this.secure = secure
    secure.on('error', () => undefined)
    secure.on('data', (chunk: Buffer) => {
      this.bytesReceived += chunk.length
      if (this.failure !== undefined) return
      try {
        this.#decoder.push(chunk)
        for (let payload = this.#decoder.next(); payload !== undefined; payload = this.#decoder.next()) {
          this.#inbox.push(decodeTl(payload))
        }
      } catch (error) {
        this.failure = error
      }
      this.#waiter?.()
    })
    const end = (): void => {
      this.#ended = true
      this.#waiter?.()
    }
    secure.on('end', end)
    secure.on('close', end)
  }

  send(object: TlObject): void {
    this.secure.write(this.#encoder.encode(encodeTl(object)))
  }

  packet(object: TlObject): void {
    this.send({ type: 'tcp.packet', data: encodeTl(object) })
  }

  /** The next object; `undefined` at the end of the stream or when the framing broke. */
  async next(): Promise<TlObject | undefined> {
    while (this.#inbox.length === 0) {
      if (this.#ended || this.failure !== undefined) return undefined
      await new Promise<void>((resolve) => (this.#waiter = resolve))
    }
    return this.#inbox.shift()
  }

  /** The object inside the next tcp.packet; other frames are skipped. */
  async nextPacket(): Promise<TlObject | undefined> {
    for (;;) {
      const object = await this.next()
      if (object === undefined) return undefined
      if (object.type === 'tcp.packet') return decodeTl(object.data)
    }
  }

  /** Asks a query; resolves to the answer's object or the error. */
  async query(data: Uint8Array | TlObject, id = 77n): Promise<TlObject | undefined> {
    this.send({ type: 'tcp.query', id, data: data instanceof Uint8Array ? data : encodeTl(data) })
    const answer = await this.next()
    return answer?.type === 'tcp.queryAnswer' ? decodeTl(answer.data) : answer
  }

  /** Resolves when the peer has closed. */
  async ended(): Promise<void> {
    while ((await this.next()) !== undefined);
  }

  close(): void {
    this.secure.destroy()
  }
}

/** PoW, TLS, tcp.connect. */
export async function openConnection(address: string): Promise<ScriptedClient> {
  const socket = await openTcp(address)
  socket.write(solve(await readBytes(socket, 24)))
  const client = new ScriptedClient(await openTls(socket))
  client.send({ type: 'tcp.connect', id: 5n })
  await client.next()
  return client
}

/** What a handshake sends. */
export function connectToProxy(
  owner: string,
  change: { isTest?: boolean; min?: number; max?: number; minConfigVersion?: number } = {}
): TlValue<'client.connectToProxy'> {
  return {
    type: 'client.connectToProxy',
    params: {
      clientOwnerAddress: owner,
      isTest: change.isTest ?? true,
      minProtoVersion: change.min ?? 1,
      maxProtoVersion: change.max ?? 4
    },
    minConfigVersion: change.minConfigVersion ?? 1
  }
}

/** A connection that is ready for requests. */
export async function openReady(
  devnet: { network: { proxies: string[] }; account: { owner: string; secret: string | Uint8Array } },
  max = 4
): Promise<ScriptedClient> {
  const client = await openConnection(devnet.network.proxies[0] ?? '')
  const connected = await client.query(connectToProxy(devnet.account.owner, { min: 0, max }))
  if (connected?.type !== 'client.connectedToProxy') throw new Error(`handshake: ${JSON.stringify(connected?.type)}`)
  const { secret } = devnet.account
  const data = typeof secret === 'string' ? new TextEncoder().encode(secret) : secret
  const success = await client.query({ type: 'client.authorizeWithProxyShort', data })
  if (success?.type !== 'client.authorizationWithProxySuccess') throw new Error(`authorization: ${success?.type}`)
  return client
}

/** A request function for a body. */
export function runQuery(
  body: Record<string, unknown> | string,
  change: Partial<TlValue<'client.runQueryEx'>> & {
    url?: string
    headers?: Array<{ name: string; value: string }>
  } = {}
): TlValue<'client.runQueryEx'> {
  const {
    url = '/v1/chat/completions',
    headers = [{ name: 'Content-Type', value: 'application/json' }],
    ...rest
  } = change
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const model = typeof body === 'string' ? '' : String(body['model'])
  return {
    type: 'client.runQueryEx',
    modelName: model,
    query: encodeTl({
      type: 'http.request',
      method: 'POST',
      url,
      httpVersion: 'HTTP/1.0',
      headers,
      payload: new TextEncoder().encode(text)
    }),
    maxCoefficient: 4000,
    maxTokens: 1000,
    timeout: 114,
    requestId: new Uint8Array(randomBytes(32)),
    minConfigVersion: 1,
    enableDebug: false,
    ...rest
  }
}

/** Everything that answers one request, to the payment note, a refusal, or the end of the connection. */
export async function collect(client: ScriptedClient): Promise<TlObject[]> {
  const objects: TlObject[] = []
  for (;;) {
    const object = await client.nextPacket()
    if (object === undefined) return objects
    objects.push(object)
    if (object.type === 'proxy.clientRequestPayment') return objects
  }
}

/** Body bytes of collected answers as text. */
export function bodyOf(objects: readonly TlObject[]): string {
  const parts = objects.flatMap((object) =>
    object.type === 'client.queryAnswerPartEx' || object.type === 'client.queryAnswerPart' ? [object.answer] : []
  )
  return Buffer.concat(parts).toString()
}
