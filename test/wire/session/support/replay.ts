/**
 * Plays a recorded conversation: our session on one end, the recorded proxy on the other. The session's randomness and
 * clock are those of the recording, so every message it sends can be compared with the reference client's.
 *
 * @module
 */
import { readFileSync } from 'node:fs'
import { decodeTl, type TlObject, type TlValue } from '../../../../src/encoding/tl/index.js'
import type { Random } from '../../../../src/runtime/ports/clock.js'
import type { InferenceFinal, InferenceRequest } from '../../../../src/runtime/ports/inference.js'
import type { PaymentNote } from '../../../../src/runtime/ports/receipt.js'
import { FrameDecoder, FrameEncoder } from '../../../../src/wire/frames/index.js'
import { openSession, type Session } from '../../../../src/wire/session/index.js'
import { FakeClock, settle } from '../../../support/fake-clock.js'
import { createLinkedStreams, type LinkOptions } from '../../../support/linked-streams.js'
import { sharedPath } from '../../../support/shared.js'
import { budget, PEER, verdict } from './scripted-proxy.js'

export interface Step {
  readonly dir: 'c2s' | 's2c'
  readonly tMs: number
  readonly payload: Uint8Array
  readonly object: TlObject
}

const LONGEST_SILENCE_MS = 15_000

/** Frames of the last connection in these recordings, in order. */
export function loadConversation(names: readonly string[]): Step[] {
  const lines = names.flatMap((name) =>
    readFileSync(sharedPath(`transcripts/${name}`)!, 'utf8')
      .trim()
      .split('\n')
  )
  const frames = lines
    .map((line) => JSON.parse(line) as { conn: number; dir: Step['dir']; t_ms: number; kind: string; hex: string })
    .filter(({ kind }) => kind === 'frame')
  let skippedMs = 0
  let lastMs = 0
  return frames.map(({ dir, t_ms: recordedMs, hex }) => {
    // What was recorded in pieces leaves gaps in which the reference pinged unseen.
    if (recordedMs - lastMs > LONGEST_SILENCE_MS) skippedMs += recordedMs - lastMs
    lastMs = recordedMs
    const tMs = recordedMs - skippedMs
    const payload = new Uint8Array(Buffer.from(hex, 'hex')).slice(8)
    return { dir, tMs, payload, object: decodeTl(payload) }
  })
}

/** What came of one request. */
export interface ReplayedAnswer {
  readonly requestId: string
  readonly status?: number
  readonly body?: string
  readonly final?: InferenceFinal
  readonly error?: unknown
}

export interface Replay {
  /** Our messages, in order. */
  readonly sent: TlObject[]
  readonly answers: ReplayedAnswer[]
  readonly notes: PaymentNote[]
  /** Why it ended early, if it did. */
  readonly openError?: unknown
  readonly session?: Session
  readonly clock: FakeClock
}

/** Draws that the recorded client made. */
class RecordedRandom implements Random {
  readonly #short: Uint8Array[] = []
  readonly #long: Uint8Array[] = []

  constructor(steps: readonly Step[]) {
    for (const { dir, object, payload } of steps) {
      if (dir === 's2c') continue
      if (object.type !== 'tcp.packet') this.#short.push(payload.slice(4, 12))
      else this.#long.push((decodeTl(object.data) as TlValue<'client.runQueryEx'>).requestId)
    }
  }

  bytes(length: number): Uint8Array {
    const next = (length === 8 ? this.#short : this.#long).shift()
    return next === undefined ? new Uint8Array(length).fill(0xee) : next.slice()
  }
}

/** Plays it. `link` shapes what reaches the client; with a cut, what the client awaits fails. */
export async function replay(
  steps: readonly Step[],
  versions: { min: number; max: number },
  link: LinkOptions = {}
): Promise<Replay> {
  const [clientStream, proxyStream] = createLinkedStreams({ backward: link })
  const clock = new FakeClock()
  const sent: TlObject[] = []
  const answers: ReplayedAnswer[] = []
  const notes: PaymentNote[] = []
  const connect = decodeTl((steps.filter(({ dir }) => dir === 'c2s')[1]!.object as TlValue<'tcp.query'>).data)
  const { params } = connect as TlValue<'client.connectToProxy'>
  const opening = openSession(clientStream, {
    isTest: params.isTest!,
    owner: params.clientOwnerAddress,
    secret: new Uint8Array(0),
    verdict: verdict(),
    configVersion: 3,
    protocolVersions: versions,
    clock,
    random: new RecordedRandom(steps),
    observer: { onPaymentNote: (note) => notes.push(note) }
  })
  let openError: unknown
  let session: Session | undefined
  const opened = opening.then(
    (value) => void (session = value),
    (error: unknown) => void (openError = error)
  )

  const decoder = new FrameDecoder()
  const encoder = new FrameEncoder()
  const receive = async (): Promise<TlObject | undefined> => {
    for (;;) {
      const payload = decoder.next()
      if (payload !== undefined) return decodeTl(payload)
      try {
        const chunk = await proxyStream.read()
        if (chunk === null) return undefined
        decoder.push(chunk)
      } catch {
        return undefined
      }
    }
  }
  const pending: Promise<void>[] = []
  let count = 0
  for (const { dir, tMs, payload, object } of steps) {
    if (dir === 's2c') {
      await proxyStream.write(encoder.encode(payload)).catch(() => undefined)
      continue
    }
    await settle()
    if (openError !== undefined || session?.isClosed === true) break
    // In steps: the recorded frames before this moment have to be taken in at their own time.
    await clock.advance(Math.max(0, tMs - clock.monotonic()))
    if (count++ >= 3) pending.push(trigger(session!, object, answers))
    const message = await receive()
    if (message === undefined) break
    sent.push(message)
  }
  await settle()
  if (link.cutAtByte === undefined) await session?.close()
  await Promise.all([opened, ...pending])
  return {
    sent,
    answers,
    notes,
    clock,
    ...(session === undefined ? {} : { session }),
    ...(openError === undefined ? {} : { openError })
  }
}

/** Makes the session do what the recorded client did. Never rejects. */
async function trigger(session: Session, object: TlObject, answers: ReplayedAnswer[]): Promise<void> {
  if (object.type === 'tcp.ping') return
  const given = budget(120_000)
  if (object.type === 'tcp.query') {
    const { type } = decodeTl(object.data)
    await (
      type === 'client.getWorkerTypesV2' ? session.getWorkerTypes(given) : session.updatePaymentStatus(given)
    ).catch(() => undefined)
    return
  }
  const query = decodeTl((object as TlValue<'tcp.packet'>).data) as TlValue<'client.runQueryEx'>
  const requestId = Buffer.from(query.requestId).toString('hex')
  try {
    const answer = await session.query(requestOf(query), { budget: given, peer: PEER })
    let body = ''
    const text = new TextDecoder()
    for await (const part of answer.parts) body += text.decode(part, { stream: true })
    answers.push({ requestId, status: answer.status, body, final: await answer.final })
  } catch (error) {
    answers.push({ requestId, error })
  }
}

function requestOf(query: TlValue<'client.runQueryEx'>): InferenceRequest {
  const http = decodeTl(query.query) as TlValue<'http.request'>
  const hasKey = query.publicKey?.some((byte) => byte !== 0) === true
  return {
    model: query.modelName,
    path: http.url,
    headers: http.headers.map(({ name, value }) => [name, value] as const),
    body: http.payload,
    maxCoefficient: query.maxCoefficient,
    reservedTokens: query.maxTokens,
    enableDebug: query.enableDebug!,
    networkPublicKey: hasKey ? query.publicKey : undefined
  }
}

/** Fields of a runQueryEx that have to agree with the reference. */
export function queryOf(object: TlObject): unknown {
  if (object.type !== 'tcp.packet') return object
  const { query, publicKey, ...rest } = decodeTl(object.data) as TlValue<'client.runQueryEx'>
  const hasKey = publicKey?.some((byte) => byte !== 0) === true
  return { ...rest, publicKey: hasKey ? publicKey : undefined, http: { ...decodeTl(query), httpVersion: 'any' } }
}
