/**
 * Faults of answers: what a worker or proxy that is broken or hostile may send for one request.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import { decodeUtf8, encodeUtf8 } from '../../encoding/index.js'
import { encodeTl } from '../../encoding/tl/index.js'
import { errorAnswer, headAnswer, partAnswer, type FinalFacts } from '../proxy/answers.js'
import { ZERO_TOKENS, type WorkerStep } from '../worker/index.js'
import { ENCRYPTION_FAULTS } from './encryption-faults.js'
import { FRAME_BREAKERS } from './connection-faults.js'
import type { AnswerFault, FaultScene } from './types.js'

/** A fault and the number that it has when its name gives none. */
export interface NumberedFault {
  readonly argument: number
  readonly run: AnswerFault
}

const UNKNOWN = Uint8Array.of(0xde, 0xad, 0xbe, 0xef, 1, 2, 3, 4)
const NOTHING = new Uint8Array(0)

const NO_FACTS: FinalFacts = {
  tokensUsed: ZERO_TOKENS,
  times: { proxyStart: 0, proxyEnd: 0, workerStart: 0, workerEnd: 0 },
  debug: undefined
}

function isEnd(step: WorkerStep): boolean {
  return step.kind === 'final' || step.kind === 'error' || (step.kind === 'head' && step.final !== undefined)
}

/** Sets switches and changes nothing else. */
function control(set: (scene: FaultScene) => void): AnswerFault {
  return async function* (steps, scene) {
    set(scene)
    yield* steps
  }
}

/** Acts once after `argument` messages (head, parts) were sent; then the answer goes on. */
function afterMessages(act: (scene: FaultScene) => void): AnswerFault {
  return async function* (steps, scene) {
    let sent = 0
    if (scene.argument === 0) act(scene)
    for await (const step of steps) {
      // An answer that is shorter is met before its end.
      if (isEnd(step) && sent < scene.argument) act(scene)
      yield step
      if (++sent === scene.argument && !isEnd(step)) act(scene)
    }
  }
}

/** Changes the body: gets everything that the worker would send, says in which pieces it comes. */
function rebody(
  pieces: (body: Uint8Array, scene: FaultScene) => Iterable<Uint8Array>,
  head?: (step: WorkerStep & { kind: 'head' }) => WorkerStep
): AnswerFault {
  return async function* (steps, scene) {
    const body: Uint8Array[] = []
    for await (const step of steps) {
      if (step.kind === 'head') yield head === undefined ? step : head(step)
      else if (step.kind === 'part') body.push(step.bytes)
      else if (step.kind === 'error') yield step
      else {
        body.push(step.bytes)
        for (const bytes of pieces(new Uint8Array(Buffer.concat(body)), scene)) yield { kind: 'part', bytes }
        yield { kind: 'final', bytes: NOTHING, final: step.final }
      }
    }
  }
}

/** Replaces the content type and adds headers. */
function withHeaders(contentType: string, ...extra: Array<readonly [string, string]>) {
  return (step: WorkerStep & { kind: 'head' }): WorkerStep => ({
    ...step,
    response: {
      ...step.response,
      headers: [
        ...step.response.headers.filter(({ name }) => name.toLowerCase() !== 'content-type'),
        { name: 'content-type', value: contentType },
        ...extra.map(([name, value]) => ({ name, value }))
      ]
    }
  })
}

/** An error in place of the answer, after some of it, or after its end. */
function errorAt(place: 'before' | 'during' | 'after', legacy: boolean): NumberedFault {
  return {
    argument: 652,
    run: async function* (steps, scene) {
      const error = { code: scene.argument, text: 'devnet fault' }
      const form = { ...scene.form, legacyErrors: legacy }
      if (place === 'after') {
        for await (const step of steps) {
          yield step
          if (isEnd(step)) scene.packet(errorAnswer(form, error, NO_FACTS, 'worker', true))
        }
        return
      }
      scene.controls.legacyErrors = legacy
      for await (const step of steps) {
        if (place === 'during') {
          if (step.kind === 'head' && step.final === undefined) {
            yield step
            continue
          }
          if (step.kind === 'part') yield step
        }
        const final = { tokensUsed: ZERO_TOKENS, startSeconds: 0, endSeconds: 0, debug: undefined }
        yield { kind: 'error', ...error, final }
        return
      }
    }
  }
}

/** Nothing more for this request; the connection lives. */
const stall = afterMessages((scene) => {
  scene.controls.silent = true
})

/** Answers for other requests between the messages of this one. */
const foreignAnswers: AnswerFault = async function* (steps, scene) {
  for await (const step of steps) {
    const form = { ...scene.form, requestId: new Uint8Array(randomBytes(32)) }
    scene.packet(partAnswer(form, encodeUtf8('{"devnet":"foreign part"}\n')))
    scene.packet(partAnswer(form, NOTHING, NO_FACTS))
    scene.packet(errorAnswer(form, { code: 601, text: 'devnet foreign error' }, NO_FACTS, 'worker', false))
    yield step
  }
}

/** Final twice, a part and an error after it, and the head again. */
const repeatFinal: AnswerFault = async function* (steps, scene) {
  for await (const step of steps) {
    yield step
    if (step.kind === 'final') {
      scene.packet(partAnswer(scene.form, encodeUtf8('devnet: after the final'), NO_FACTS))
      scene.packet(partAnswer(scene.form, encodeUtf8('devnet: after the final')))
      scene.packet(errorAnswer(scene.form, { code: 652, text: 'devnet: after the final' }, NO_FACTS, 'worker', true))
    }
  }
}

/** The same head twice. */
const repeatHead: AnswerFault = async function* (steps, scene) {
  for await (const step of steps) {
    yield step
    if (step.kind === 'head') scene.packet(headAnswer(scene.form, step.response))
  }
}

/** Parts before any head. */
const partFirst: AnswerFault = async function* (steps, scene) {
  scene.packet(partAnswer(scene.form, encodeUtf8('{}\n')))
  yield* steps
}

/** A great number of one-token events; the body is not the worker's. */
const tinyParts: AnswerFault = async function* (steps, scene) {
  for await (const step of steps) {
    if (step.kind !== 'final') {
      if (step.kind !== 'part') yield step
      continue
    }
    const event = encodeUtf8('data: {"choices":[{"index":0,"delta":{"content":"x"},"finish_reason":null}]}\n\n')
    for (let sent = 0; sent < scene.argument; sent++) {
      scene.packet(partAnswer(scene.form, event))
      if (sent % 64 === 63) await scene.drained()
    }
    yield { kind: 'final', bytes: encodeUtf8('data: [DONE]\n\n'), final: step.final }
  }
}

function splitBytes(body: Uint8Array, size: number): Uint8Array[] {
  const pieces: Uint8Array[] = []
  for (let at = 0; at < body.length; at += size) pieces.push(body.slice(at, at + size))
  return pieces
}

/** Inserts an event before the last half of an SSE body. */
function insertEvent(event: string): (body: Uint8Array) => Uint8Array[] {
  return (body) => {
    const events = decodeUtf8(body).split(/(?<=\n\n)/)
    const middle = Math.floor(events.length / 2)
    return [...events.slice(0, middle), event, ...events.slice(middle)].map((text) => encodeUtf8(text))
  }
}

const HTML = '<!doctype html><html><body><h1>devnet fault</h1></body></html>'
const replaced = (text: string) => (): Uint8Array[] => (text === '' ? [] : [encodeUtf8(text)])
const SSE = 'text/event-stream; charset=utf-8'

function numbered(run: AnswerFault, argument = 1): NumberedFault {
  return { argument, run }
}

/** After the head; the number belongs to the breaker, 0 stands for its default. */
const breakers = [...FRAME_BREAKERS].map(([name, act]): [string, NumberedFault] => [
  name,
  {
    argument: 0,
    run: (steps, scene) => {
      const broken = afterMessages(() => act(scene.wire, scene.argument === 0 ? undefined : scene.argument))
      return broken(steps, { ...scene, argument: 1 })
    }
  }
])

/** By name. */
export const ANSWER_FAULTS: ReadonlyMap<string, NumberedFault> = new Map<string, NumberedFault>([
  ...breakers,
  ...[...ENCRYPTION_FAULTS].map(([name, run]): [string, NumberedFault] => [name, numbered(run)]),
  ['cut-after', numbered(afterMessages((scene) => scene.wire.close('fault')))],
  [
    'cut-bytes',
    numbered(
      control((scene) => scene.wire.cutAfterBytes(scene.argument)),
      100
    )
  ],
  ['stall-after', numbered(stall)],
  ['mute-after', numbered(afterMessages((scene) => scene.wire.mute()))],
  [
    'unknown-packet',
    numbered(
      afterMessages((scene) => scene.wire.sendPacketBytes(UNKNOWN)),
      0
    )
  ],
  [
    'trailing-in-packet',
    numbered(
      afterMessages((scene) => {
        const bytes = encodeTl(partAnswer(scene.form, encodeUtf8('devnet: trailing')))
        scene.wire.sendPacketBytes(new Uint8Array([...bytes, 0, 0, 0, 0]))
      })
    )
  ],
  ['empty-packet', numbered(afterMessages((scene) => scene.wire.sendPacketBytes(NOTHING)))],
  [
    'ping-flood',
    numbered(async function* (steps, scene) {
      for (let id = 1; id <= scene.argument; id++) {
        scene.wire.send({ type: 'tcp.ping', id: BigInt(id) })
        if (id % 256 === 0) await scene.drained()
      }
      yield* steps
    }, 10_000)
  ],
  ['error-before', errorAt('before', false)],
  ['error-during', errorAt('during', false)],
  ['error-after', errorAt('after', false)],
  ['legacy-error-before', errorAt('before', true)],
  ['legacy-error-during', errorAt('during', true)],
  ['legacy-error-after', errorAt('after', true)],
  ['foreign-answers', numbered(foreignAnswers)],
  ['repeat-final', numbered(repeatFinal)],
  ['repeat-head', numbered(repeatHead)],
  ['part-first', numbered(partFirst)],
  ['nan-times', numbered(control((scene) => void (scene.controls.times = Number.NaN)))],
  ['infinite-times', numbered(control((scene) => void (scene.controls.times = Number.POSITIVE_INFINITY)))],
  ['forged-payment', numbered(control((scene) => void (scene.controls.payment = 'forged-key')))],
  ['overcharged-payment', numbered(control((scene) => void (scene.controls.payment = 'forged-amount')))],
  ['garbage-payment', numbered(control((scene) => void (scene.controls.payment = 'garbage')))],
  ['empty-payment', numbered(control((scene) => void (scene.controls.payment = 'empty')))],
  ['no-payment', numbered(control((scene) => void (scene.controls.payment = 'none')))],
  ['negative-counters', numbered(control((scene) => void (scene.controls.counters = 'negative')))],
  ['huge-counters', numbered(control((scene) => void (scene.controls.counters = 'huge')))],
  ['trickle', numbered(control((scene) => scene.wire.startTrickle(scene.argument)))],
  ['tiny-parts', numbered(tinyParts, 1_000_000)],
  ['split-utf8', numbered(rebody((body, scene) => splitBytes(body, scene.argument)))],
  ['one-part', numbered(rebody((body) => [body]))],
  [
    'late-sse',
    numbered(async function* (steps) {
      const body: Uint8Array[] = []
      for await (const step of steps) {
        if (step.kind === 'part') body.push(step.bytes)
        else if (step.kind === 'final') {
          yield { ...step, bytes: new Uint8Array(Buffer.concat([...body, step.bytes])) }
        } else yield step
      }
    })
  ],
  ['empty-sse', numbered(rebody(replaced(''), withHeaders(SSE)))],
  ['empty-body', numbered(rebody(replaced('')))],
  ['html', numbered(rebody(replaced(HTML), withHeaders('text/html')))],
  ['not-json', numbered(rebody(replaced('devnet: this is not JSON'), withHeaders('application/json')))],
  [
    'sse-error',
    numbered(rebody(insertEvent('data: {"error":{"message":"devnet fault","type":"server_error","code":500}}\n\n')))
  ],
  ['sse-garbage', numbered(rebody(insertEvent('data: {this is not JSON\n\n')))],
  ['sse-comments', numbered(rebody(insertEvent(': devnet comment\n\nevent: ping\nid: 1\nretry: 1\n\n')))],
  ['sse-crlf', numbered(rebody((body) => [encodeUtf8(decodeUtf8(body).replaceAll('\n', '\r\n'))]))],
  ['sse-cr', numbered(rebody((body) => [encodeUtf8(decodeUtf8(body).replaceAll('\n', '\r'))]))],
  ['sse-bom', numbered(rebody((body) => [Uint8Array.of(0xef, 0xbb, 0xbf), body]))],
  ['no-done', numbered(rebody((body) => [encodeUtf8(decodeUtf8(body).replace('data: [DONE]\n\n', ''))]))],
  ['after-done', numbered(rebody((body) => [body, encodeUtf8('data: {"devnet":"after the end"}\n\n')]))],
  ['unterminated', numbered(rebody((body) => [encodeUtf8(decodeUtf8(body).trimEnd())]))],
  ['invalid-utf8', numbered(rebody((body) => [body, Uint8Array.of(0x22, 0xff, 0xfe, 0xc3)]))],
  ['stale-content-length', numbered(rebody((body) => [body], withHeaders(SSE, ['Content-Length', '7'])))],
  [
    'wrong-headers',
    numbered(
      rebody(
        (body) => [body],
        withHeaders(
          'application/octet-stream',
          ['Content-Encoding', 'gzip'],
          ['Content-Length', '7'],
          ['Transfer-Encoding', 'chunked']
        )
      )
    )
  ],
  [
    'oversized-part',
    numbered(
      afterMessages((scene) =>
        scene.packet(partAnswer(scene.form, new Uint8Array(scene.argument > 1 ? scene.argument : 16_777_216)))
      ),
      1
    )
  ]
])
