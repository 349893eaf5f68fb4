/**
 * The reference's recorded conversations, request by request: the devnet answers with the same constructors.
 */
import { readFileSync } from 'node:fs'
import { afterEach, describe, expect, it } from 'vitest'
import { startDevnet, type Devnet, type Upstream, type UpstreamRequest } from '../../src/devnet.js'
import { hexToBytes } from '../../src/encoding/index.js'
import { decodeTl, encodeTl, type TlObject } from '../../src/encoding/tl/index.js'
import { UNIT_MULTIPLIERS } from '../../src/payments/pricing/index.js'
import { missingShared, sharedPath } from '../support/shared.js'
import { openConnection } from './scripted-client.js'

interface Line {
  readonly conn: number
  readonly dir: 'c2s' | 's2c'
  readonly kind: string
  readonly hex?: string
}

const running: Devnet[] = []

afterEach(async () => {
  for (const devnet of running.splice(0)) await devnet.close()
})

/** The recorded backend: its knobs stand in the prompt. */
const upstream: Upstream = async (request: UpstreamRequest) => {
  const prompt = JSON.stringify(request.json['messages'] ?? request.json['prompt'])
  const knob = (name: string, fallback: string): string => new RegExp(`${name}=(\\w+)`).exec(prompt)?.[1] ?? fallback
  const tokens = Number(knob('tokens', '4'))
  const format = request.stream ? knob('fmt', 'sse') : 'json'
  const usage = { prompt_tokens: 2, completion_tokens: tokens, total_tokens: tokens + 2 }
  const base = { id: 'x', model: request.json['model'] }
  const types: Record<string, string> = {
    json: 'application/json',
    sse: 'text/event-stream',
    ndjson: 'application/x-ndjson'
  }
  async function* body(): AsyncGenerator<Uint8Array> {
    const write = (value: object | string): Uint8Array => {
      const text = typeof value === 'string' ? value : JSON.stringify(value)
      return Buffer.from(format === 'sse' ? `data: ${text}\n\n` : `${text}\n`)
    }
    if (format === 'json') return yield Buffer.from(JSON.stringify({ ...base, choices: [{}], usage }))
    yield write({ ...base, choices: [{ delta: { role: 'assistant', content: '' } }] })
    for (let index = 0; index < tokens; index++) {
      await new Promise((resolve) => setTimeout(resolve, 2))
      yield write({ ...base, choices: [{ delta: { content: ` tok${index}` } }] })
    }
    yield write({ ...base, choices: [{ delta: {}, finish_reason: 'stop' }] })
    yield write({ ...base, choices: [], usage })
    if (format === 'sse') yield write('[DONE]')
  }
  return { status: 200, reason: 'OK', headers: [['content-type', types[format] ?? '']], body: body() }
}

/** The type and, where the form may differ, whether it is the last message. */
function shape(object: TlObject): string {
  if ('data' in object && (object.type === 'tcp.packet' || object.type === 'tcp.queryAnswer')) {
    const inner = decodeTl(object.data)
    const final = 'finalInfo' in inner && inner.finalInfo !== undefined
    const debug = final && inner.finalInfo?.workerDebug !== undefined
    const times = final && inner.finalInfo?.proxyStartTime !== undefined
    return `${object.type} ${inner.type}${final ? ' final' : ''}${debug ? ' debug' : ''}${times ? ' times' : ''}`
  }
  return object.type
}

function objectsOf(name: string): Array<{ readonly dir: 'c2s' | 's2c'; readonly object: TlObject }> {
  const path = sharedPath(name)
  if (path === undefined) return []
  const lines = readFileSync(path, 'utf8').trim().split('\n')
  return lines
    .map((line) => JSON.parse(line) as Line)
    .filter((line) => line.kind === 'frame' && line.hex !== undefined)
    .map((line) => ({ dir: line.dir, object: decodeTl(hexToBytes((line.hex ?? '').slice(16))) }))
}

/** Each client frame with what the reference sent before the next one. */
function turnsOf(names: readonly string[]): Array<{ readonly query: TlObject; readonly answers: string[] }> {
  const turns: Array<{ query: TlObject; answers: string[] }> = []
  for (const { dir, object } of names.flatMap(objectsOf)) {
    if (dir === 'c2s') turns.push({ query: object, answers: [] })
    else turns.at(-1)?.answers.push(shape(object))
  }
  return turns
}

/** The recorded owner is not ours: the reference ran without a chain, where everybody is known. */
async function replay(version: 'dec-2025' | 'apr-2026', names: readonly string[]): Promise<void> {
  const devnet = await startDevnet({
    version,
    worker: version,
    authorization: 'fake-ton',
    configVersion: 3,
    workers: [{ model: 'Qwen/Qwen3-8B' }],
    prices: { pricePerTokenNano: 2n, workerFeePerTokenNano: 1n, multipliers: UNIT_MULTIPLIERS },
    upstream
  })
  running.push(devnet)
  const turns = turnsOf(names)
  expect(turns.length).toBeGreaterThan(2)
  const client = await openConnection(devnet.network.proxies[0] ?? '')
  expect(turns[0]?.answers).toEqual(['tcp.connected'])
  for (const { query, answers } of turns.slice(1)) {
    client.secure.cork()
    client.send(query)
    client.secure.uncork()
    const got: string[] = []
    for (let index = 0; index < answers.length; index++) {
      const object = await client.next()
      if (object === undefined) break
      got.push(shape(object))
    }
    expect(got, `${query.type} ${query.type === 'tcp.packet' ? decodeTl(query.data).type : ''}`).toEqual(answers)
  }
  // Nothing else is on its way: the next thing that comes is the answer to a ping.
  client.send({ type: 'tcp.ping', id: 4242n })
  expect(await client.next()).toEqual({ type: 'tcp.pong', id: 4242n })
  expect(encodeTl({ type: 'tcp.ping', id: 4242n }).length).toBe(12)
  client.close()
}

const has = (...names: readonly string[]): boolean => names.every((name) => sharedPath(name) !== undefined)
const OLD = ['transcripts/2025-12/full.jsonl']
const HANDSHAKE = 'transcripts/2026-04/handshake.client.jsonl'
const NEW = [
  'nonstream',
  'stream-ndjson',
  'stream-sse',
  'stream-json',
  'completions',
  'models',
  'error-unknown-model',
  'error-unknown-key',
  'live-ping'
]

describe.skipIf(!has(...OLD))(
  `replay of December 2025 (${has(...OLD) ? 'present' : missingShared(OLD[0] ?? '')})`,
  () => {
    it('full', () => replay('dec-2025', OLD))
  }
)

describe.skipIf(!has(HANDSHAKE))(
  `replay of April 2026 (${has(HANDSHAKE) ? 'present' : missingShared(HANDSHAKE)})`,
  () => {
    it.each(NEW)('%s', (name) => replay('apr-2026', [HANDSHAKE, `transcripts/2026-04/${name}.client.jsonl`]))
  }
)
