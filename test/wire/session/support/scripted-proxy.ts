/**
 * The proxy's end of a linked stream under the control of a test: it speaks frames and TL, and says what it is told to.
 *
 * @module
 */
import { createHash } from 'node:crypto'
import { formatAddress } from '../../../../src/encoding/index.js'
import { decodeTl, encodeTl, type TlObject, type TlValue } from '../../../../src/encoding/tl/index.js'
import type { ByteStream } from '../../../../src/runtime/ports/byte-stream.js'
import type { CallBudget, InferencePeer, InferenceRequest } from '../../../../src/runtime/ports/inference.js'
import type { Verdict } from '../../../../src/runtime/ports/verdict.js'
import { FrameDecoder, FrameEncoder } from '../../../../src/wire/frames/index.js'
import { openSession, type Session, type SessionOptions } from '../../../../src/wire/session/index.js'
import { FakeClock } from '../../../support/fake-clock.js'
import { createLinkedStreams, type LinkedStream, type LinkedStreamsOptions } from '../../../support/linked-streams.js'
import { SeededRandom } from '../../../support/seeded-random.js'

export const SECRET = new TextEncoder().encode('correct horse battery staple')
export const OWNER = address(1)
export const PEER: InferencePeer = { address: 'test:1', protocolVersion: 4, attestationId: null, verified: false }

export function address(byte: number): string {
  const hash = new Uint8Array(32).fill(byte)
  return formatAddress({ workchain: 0, hash }, { bounceable: false, testOnly: false, urlSafe: true })
}

export function sha256(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha256').update(bytes).digest())
}

/** A verdict as a policy would give it. */
export function verdict(accepted = true): Verdict {
  return {
    accepted,
    verified: false,
    report: {
      schema: 'cocoonkit.attestation-report.v1',
      id: '00'.repeat(32),
      verdict: accepted ? 'verified' : 'refused',
      kind: 'none',
      imageHash: null,
      tcbStatus: null,
      advisoryIds: [],
      evidenceSha256: '00'.repeat(32),
      judgedAt: '2026-04-10T00:00:00Z',
      validUntil: null,
      refusedBy: accepted ? [] : ['test.refused'],
      checks: [],
      residuals: [],
      trust: []
    }
  }
}

export class ScriptedProxy {
  readonly stream: ByteStream
  readonly #encoder = new FrameEncoder()
  readonly #decoder = new FrameDecoder()

  constructor(stream: ByteStream) {
    this.stream = stream
  }

  /** The next object of the client. */
  async receive(): Promise<TlObject> {
    for (;;) {
      const payload = this.#decoder.next()
      if (payload !== undefined) return decodeTl(payload)
      const chunk = await this.stream.read()
      if (chunk === null) throw new Error('the client ended the connection')
      this.#decoder.push(chunk)
    }
  }

  async expect<Type extends TlObject['type']>(type: Type): Promise<Extract<TlObject, { type: Type }>> {
    const object = await this.receive()
    if (object.type !== type) throw new Error(`expected ${type}, got ${object.type}`)
    return object as Extract<TlObject, { type: Type }>
  }

  send(object: TlObject): Promise<void> {
    return this.sendPayload(encodeTl(object))
  }

  sendPayload(payload: Uint8Array): Promise<void> {
    return this.stream.write(this.#encoder.encode(payload))
  }

  packet(object: TlObject): Promise<void> {
    return this.send({ type: 'tcp.packet', data: encodeTl(object) })
  }

  frame(object: TlObject): Uint8Array {
    return this.#encoder.encode(encodeTl(object))
  }

  async answer(object: TlObject): Promise<TlObject> {
    const query = await this.expect('tcp.query')
    await this.send({ type: 'tcp.queryAnswer', id: query.id, data: encodeTl(object) })
    return decodeTl(query.data)
  }

  async refuse(code: number, message: string): Promise<TlObject> {
    const query = await this.expect('tcp.query')
    await this.send({ type: 'tcp.queryError', id: query.id, code, message })
    return decodeTl(query.data)
  }

  async connect(): Promise<void> {
    const { id } = await this.expect('tcp.connect')
    await this.send({ type: 'tcp.connected', id })
  }

  /** All steps up to Ready, the short way. */
  async open(overrides: Partial<TlValue<'client.connectedToProxy'>> = {}): Promise<TlObject[]> {
    await this.connect()
    const seen = [await this.answer(connectedToProxy(overrides))]
    seen.push(await this.answer(SUCCESS))
    return seen
  }

  /** The next runQueryEx. */
  async runQuery(): Promise<TlValue<'client.runQueryEx'>> {
    const packet = await this.expect('tcp.packet')
    const query = decodeTl(packet.data)
    if (query.type !== 'client.runQueryEx') throw new Error(`got ${query.type}`)
    return query
  }

  head(requestId: Uint8Array, status = 200, payload: Uint8Array = new Uint8Array(0)): Promise<void> {
    return this.packet({ type: 'client.queryAnswerEx', requestId, answer: httpResponse(status, payload) })
  }

  part(requestId: Uint8Array, text: string): Promise<void> {
    return this.packet({ type: 'client.queryAnswerPartEx', requestId, answer: new TextEncoder().encode(text) })
  }

  final(requestId: Uint8Array, text = '', total = 10n): Promise<void> {
    const answer = new TextEncoder().encode(text)
    return this.packet({
      type: 'client.queryAnswerPartEx',
      requestId,
      answer,
      finalInfo: { tokensUsed: tokens(total) }
    })
  }
}

export const SUCCESS: TlObject = {
  type: 'client.authorizationWithProxySuccess',
  signedPayment: { type: 'proxy.signedPayment', data: Uint8Array.of(1, 2, 3) },
  tokensCommittedToDb: 5n,
  maxTokens: 7n
}

export function tokens(total: bigint): TlValue<'tokensUsed'> {
  return {
    promptTokensUsed: 1n,
    cachedTokensUsed: 0n,
    completionTokensUsed: total - 1n,
    reasoningTokensUsed: 0n,
    totalTokensUsed: total
  }
}

export function httpResponse(status: number, payload: Uint8Array = new Uint8Array(0)): Uint8Array {
  const headers = [{ name: 'content-type', value: 'text/event-stream' }]
  return encodeTl({
    type: 'http.response',
    httpVersion: 'HTTP/1.1',
    statusCode: status,
    reason: 'OK',
    headers,
    payload
  })
}

export function connectedToProxy(overrides: Partial<TlValue<'client.connectedToProxy'>> = {}): TlObject {
  return {
    type: 'client.connectedToProxy',
    params: proxyParams(),
    clientScAddress: address(4),
    auth: { type: 'client.proxyConnectionAuthShort', secretHash: sha256(SECRET), nonce: 9n },
    signedPayment: { type: 'proxy.signedPaymentEmpty' },
    ...overrides
  }
}

export function proxyParams(overrides: Partial<TlValue<'proxy.params'>> = {}): TlValue<'proxy.params'> {
  return {
    proxyPublicKey: new Uint8Array(32).fill(7),
    proxyOwnerAddress: address(2),
    proxyScAddress: address(3),
    isTest: true,
    protoVersion: 4,
    ...overrides
  }
}

/** A budget that tests can end. */
export function budget(remainingMs = 120_000): CallBudget & { abort(reason: unknown): void } {
  const controller = new AbortController()
  return { signal: controller.signal, remainingMs: () => remainingMs, abort: (reason) => controller.abort(reason) }
}

export function request(overrides: Partial<InferenceRequest> = {}): InferenceRequest {
  return {
    model: 'test/model',
    path: '/v1/chat/completions',
    headers: [['Content-Type', 'application/json']],
    body: new TextEncoder().encode('{}'),
    maxCoefficient: 4000,
    reservedTokens: 1000,
    enableDebug: false,
    ...overrides
  }
}

export interface Bench {
  readonly clock: FakeClock
  readonly proxy: ScriptedProxy
  readonly clientStream: LinkedStream
  readonly proxyStream: LinkedStream
  readonly opening: Promise<Session>
}

/** A session that is being opened against a scripted proxy. */
export function startSession(options: Partial<SessionOptions> = {}, link: LinkedStreamsOptions = {}): Bench {
  const [clientStream, proxyStream] = createLinkedStreams(link)
  const clock = new FakeClock()
  const opening = openSession(clientStream, {
    isTest: true,
    owner: OWNER,
    secret: SECRET,
    verdict: verdict(),
    configVersion: 3,
    clock,
    random: new SeededRandom(),
    ...options
  })
  opening.catch(() => undefined)
  return { clock, proxy: new ScriptedProxy(proxyStream), clientStream, proxyStream, opening }
}

/** An open session. */
export async function openBench(
  options: Partial<SessionOptions> = {},
  link: LinkedStreamsOptions = {},
  overrides: Partial<TlValue<'client.connectedToProxy'>> = {}
): Promise<Bench & { session: Session }> {
  const bench = startSession(options, link)
  await bench.proxy.open(overrides)
  return { ...bench, session: await bench.opening }
}

/** Reads all parts as text. */
export async function readText(parts: AsyncIterable<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const part of parts) text += decoder.decode(part, { stream: true })
  return text
}

/** The error that a promise rejects with. */
export async function failure(work: Promise<unknown>): Promise<Error & { code?: string; charged?: string }> {
  try {
    await work
  } catch (error) {
    return error as Error
  }
  throw new Error('expected a rejection')
}
