/**
 * A relay that corrupts, cuts, stalls and repeats at random between the client and a devnet full of faults, on raw sockets:
 * whatever happens, calls end with a value or a typed error, nothing hangs, and nothing reaches the process as an unhandled
 * rejection or an uncaught exception.
 *
 * `CRASH_HUNT_ROUNDS` (default 60) connections, `CRASH_HUNT_SEED`.
 */
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Devnet, startDevnet } from '../../src/devnet.js'
import { Cocoon, CocoonError } from '../../src/index.js'
import { acceptAnyPeer, acceptFakeTee } from '../../src/unsafe.js'

const ROUNDS = Number(process.env['CRASH_HUNT_ROUNDS'] ?? 60)
const SEED = Number(process.env['CRASH_HUNT_SEED'] ?? 1)
const PROMPT = 'crash-hunt-prompt-CANARY'
const FAULTS = [
  ...[
    'cut-after-1',
    'cut-bytes-30',
    'cut-bytes-300',
    'wrong-seqno-1',
    'bad-length-16777217',
    'unknown-frame',
    'trailing-bytes'
  ],
  ...[
    'truncated-object',
    'unknown-packet-1',
    'trailing-in-packet-1',
    'empty-packet-1',
    'ping-flood-2000',
    'error-before-652'
  ],
  ...[
    'error-during-651',
    'error-after-602',
    'legacy-error-during-652',
    'foreign-answers',
    'repeat-final',
    'repeat-head'
  ],
  ...[
    'part-first',
    'nan-times',
    'forged-payment',
    'garbage-payment',
    'negative-counters',
    'huge-counters',
    'split-utf8-1'
  ],
  ...[
    'late-sse',
    'empty-sse',
    'empty-body',
    'html',
    'not-json',
    'sse-error',
    'sse-garbage',
    'sse-bom',
    'no-done',
    'after-done'
  ],
  ...[
    'unterminated',
    'invalid-utf8',
    'wrong-headers',
    'upstream-status-500',
    'upstream-no-content',
    'upstream-breaks-2',
    'stall-after-1',
    'mute-after-1'
  ]
]

const crashes: unknown[] = []
const onCrash = (reason: unknown): void => void crashes.push(reason)
let devnet: Devnet

beforeAll(async () => {
  process.on('unhandledRejection', onCrash)
  process.on('uncaughtException', onCrash)
  devnet = await startDevnet({ difficultyBits: 0, tee: { kind: 'fake' } })
})
afterAll(async () => {
  await devnet.close()
  process.removeListener('unhandledRejection', onCrash)
  process.removeListener('uncaughtException', onCrash)
})

/** Mulberry32. */
function generator(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

type Harm = 'none' | 'flip' | 'cut' | 'reset' | 'stall' | 'repeat' | 'insert'

/** One direction of one connection: harmless up to a random byte, harmful there. */
function harmful(from: Socket, to: Socket, harm: Harm, at: number, random: () => number): void {
  let passed = 0
  from.on('data', (chunk: Buffer) => {
    const start = passed
    passed += chunk.length
    if (harm === 'none' || at < start || at >= passed) {
      if (harm === 'stall' && at < start) return
      to.write(chunk)
      return
    }
    const index = at - start
    if (harm === 'flip') chunk[index] = (chunk[index] as number) ^ (1 << Math.floor(random() * 8))
    if (harm === 'cut') return void to.end(chunk.subarray(0, index))
    if (harm === 'reset') return void to.resetAndDestroy()
    if (harm === 'stall') return void to.write(chunk.subarray(0, index))
    to.write(chunk)
    if (harm === 'repeat') to.write(chunk)
    if (harm === 'insert')
      to.write(Buffer.from(Array.from({ length: 1 + Math.floor(random() * 40) }, () => Math.floor(random() * 256))))
  })
  from.on('end', () => to.end())
  from.on('error', () => to.destroy())
  from.on('close', () => to.destroy())
}

async function relay(random: () => number): Promise<{ readonly address: string; close(): Promise<void> }> {
  const [host, port] = (devnet.network.proxies[0] as string).split(':') as [string, string]
  const sockets = new Set<Socket>()
  const server: Server = createServer((client) => {
    const upstream = connect(Number(port), host)
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('close', () => sockets.delete(socket))
    }
    const harms: readonly Harm[] = ['none', 'flip', 'cut', 'reset', 'stall', 'repeat', 'insert']
    const pick = (): Harm => harms[Math.floor(random() * harms.length)] as Harm
    const place = (): number => Math.floor(random() ** 3 * 6000)
    harmful(client, upstream, random() < 0.5 ? 'none' : pick(), place(), random)
    harmful(upstream, client, pick(), place(), random)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    }
  }
}

/** One call of a random kind; `undefined` when it ended well, else what it threw. */
async function call(cocoon: Cocoon, random: () => number): Promise<unknown> {
  const model = random() < 0.3 ? 'devnet/echo' : `fault/${FAULTS[Math.floor(random() * FAULTS.length)] as string}`
  const body = { model, messages: [{ role: 'user' as const, content: PROMPT }], max_tokens: 8 }
  const signal = random() < 0.2 ? AbortSignal.timeout(Math.floor(random() * 60)) : undefined
  const kind = Math.floor(random() * 5)
  try {
    if (kind === 0) await cocoon.chat.completions.create({ ...body, stream: false }, { signal })
    else if (kind === 1) {
      for await (const chunk of await cocoon.chat.completions.create({ ...body, stream: true }, { signal })) {
        void chunk
        if (random() < 0.1) break
      }
    } else if (kind === 2) {
      const stream = await cocoon.chat.completions.create({ ...body, stream: true }, { signal })
      const [left, right] = stream.tee()
      const results = await Promise.allSettled(
        [left, right].map(async (each) => {
          for await (const chunk of each) void chunk
        })
      )
      const failed = results.find((result) => result.status === 'rejected')
      if (failed !== undefined) throw failed.reason
    } else if (kind === 3) {
      const response = await cocoon.fetch('/v1/chat/completions', {
        method: 'POST',
        body: JSON.stringify({ ...body, stream: true }),
        signal: signal ?? null
      })
      if (random() < 0.5) await response.text()
      else await response.body?.cancel()
    } else await cocoon.models.list({ signal })
    return undefined
  } catch (error) {
    return signal?.aborted === true && error === signal.reason ? undefined : error
  }
}

test('random harm ends calls, never the process', async () => {
  const random = generator(SEED)
  const codes = new Map<string, number>()
  const wrong: unknown[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const way = await relay(random)
    const cocoon = new Cocoon({
      network: { ...devnet.network, proxies: [way.address] },
      account: devnet.account,
      attestation: random() < 0.5 ? acceptAnyPeer() : acceptFakeTee(),
      timeoutMs: 400,
      connectStallMs: 150,
      idle: { pingAfterMs: 50, deadAfterMs: 120 },
      runtime: { tls: random() < 0.5 ? 'native' : 'pure' }
    })
    const calls = Array.from({ length: 1 + Math.floor(random() * 4) }, () => call(cocoon, random))
    if (random() < 0.2) setTimeout(() => void cocoon.close(), random() * 100)
    for (const error of await Promise.all(calls)) {
      const code = error === undefined ? 'ok' : CocoonError.is(error) ? error.code : 'untyped'
      codes.set(code, (codes.get(code) ?? 0) + 1)
      const isText =
        CocoonError.is(error) && `${error.message} ${error.peerText ?? ''} ${JSON.stringify(error)}`.includes('CANARY')
      if (code === 'untyped' || code === 'ERR_INTERNAL' || isText) wrong.push(error)
    }
    await cocoon.close()
    await way.close()
  }
  await new Promise((resolve) => setTimeout(resolve, 200))
  console.info(Object.fromEntries([...codes].toSorted((a, b) => b[1] - a[1])))
  expect(wrong).toEqual([])
  expect(crashes).toEqual([])
}, 600_000)
