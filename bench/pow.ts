/**
 * Proof of work: hashes per second against node's `createHash` in the same run, and the longest time for which the event
 * loop was blocked.
 *
 *   npx esbuild bench/pow.ts --bundle --platform=node --format=esm | node --input-type=module
 *
 * Prints one JSON object; exits 1 when the ratio is below 10 or the event loop was blocked for more than 10 ms. Where the
 * system tells how long a thread was on a core (Linux), that decides: a machine that others use takes the core away in the
 * middle of a slice, which no slice can know.
 *
 * @module
 */
import { createHash, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { performance } from 'node:perf_hooks'
import { type PowProgress, solvePow } from '../src/wire/pow/index.js'
import type { Clock } from '../src/runtime/ports/clock.js'

const clock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimer: (callback, delayMs) => {
    const timer = setTimeout(callback, delayMs)
    return () => clearTimeout(timer)
  }
}

/** `createHash` as a solver in plain code would use it. */
function nodeHashesPerSecond(durationMs: number): number {
  const message = Buffer.alloc(24)
  randomBytes(16).copy(message)
  const endMs = performance.now() + durationMs
  const startMs = performance.now()
  let hashes = 0
  while (performance.now() < endMs) {
    for (let index = 0; index < 1000; index++) {
      message.writeUInt32LE(hashes++, 16)
      createHash('sha256').update(message).digest()
    }
  }
  return (hashes / (performance.now() - startMs)) * 1000
}

/** Time that this thread was on a core, milliseconds. */
function threadMs(): number {
  try {
    return Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ', 1)[0]) / 1e6
  } catch {
    return performance.now()
  }
}

/** Solves random challenges and watches how long the event loop waits between two of its turns. */
async function ourHashesPerSecond(
  difficultyBits: number,
  durationMs: number
): Promise<{ rate: number; longestBlockMs: number; longestBlockOnCoreMs: number }> {
  let longestBlockMs = 0
  let longestBlockOnCoreMs = 0
  let turnMs = 0
  let turnOnCoreMs = 0
  const beginTurn = (): void => {
    turnOnCoreMs = threadMs()
    turnMs = performance.now()
  }
  const endTurn = (): void => {
    longestBlockMs = Math.max(longestBlockMs, performance.now() - turnMs)
    longestBlockOnCoreMs = Math.max(longestBlockOnCoreMs, threadMs() - turnOnCoreMs)
  }
  const yieldToEventLoop = async (): Promise<void> => {
    endTurn()
    await new Promise<void>((resolve) => setImmediate(resolve))
    beginTurn()
  }
  const startMs = performance.now()
  let hashes = 0
  while (performance.now() - startMs < durationMs) {
    let last: PowProgress | undefined
    beginTurn()
    await solvePow(
      { difficultyBits, salt: new Uint8Array(randomBytes(16)) },
      { clock, yieldToEventLoop, onProgress: (progress) => (last = progress) }
    )
    endTurn()
    hashes += last?.hashes ?? 0
  }
  return { rate: (hashes / (performance.now() - startMs)) * 1000, longestBlockMs, longestBlockOnCoreMs }
}

/**
 * Rounds alternate, so that a machine that slows down slows both sides; the median round counts. The worst block of all
 * rounds is shown too: on a shared machine it holds the time in which the process did not run at all.
 */
const ROUNDS = 7

const cold = await ourHashesPerSecond(20, 1)
const rounds = []
for (let round = 0; round < ROUNDS; round++) {
  const createHashRate = nodeHashesPerSecond(400)
  const ours = await ourHashesPerSecond(20, 800)
  rounds.push({ ...ours, createHashRate, ratio: ours.rate / createHashRate })
}
const median = (values: number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!
const result = {
  bench: 'pow',
  node: process.version,
  hashesPerSecond: Math.round(median(rounds.map(({ rate }) => rate))),
  createHashPerSecond: Math.round(median(rounds.map(({ createHashRate }) => createHashRate))),
  ratio: Number(median(rounds.map(({ ratio }) => ratio)).toFixed(2)),
  longestBlockOnCoreMs: Number(median(rounds.map((round) => round.longestBlockOnCoreMs)).toFixed(2)),
  coldLongestBlockOnCoreMs: Number(cold.longestBlockOnCoreMs.toFixed(2)),
  longestBlockMs: Number(median(rounds.map(({ longestBlockMs }) => longestBlockMs)).toFixed(2)),
  worstBlockMs: Number(Math.max(...rounds.map(({ longestBlockMs }) => longestBlockMs)).toFixed(2)),
  coldLongestBlockMs: Number(cold.longestBlockMs.toFixed(2))
}
console.log(JSON.stringify(result, null, 2))
if (result.ratio < 10 || result.longestBlockOnCoreMs > 10) process.exitCode = 1
