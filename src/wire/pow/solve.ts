/**
 * The solver: works in slices so that timers, sockets and the caller's abort get their turn.
 *
 * @module
 */
import { CocoonError } from '../../errors.js'
import type { Clock, YieldToEventLoop } from '../../runtime/ports/clock.js'
import type { PowChallenge } from './challenge.js'
import { prepareFastSearch } from './fast-search.js'
import { MAX_POW_BITS, NonceSearch } from './nonce-search.js'

/** Highest difficulty solved unless the caller says otherwise: about 2²⁸ hashes, half a minute of one core. */
export const DEFAULT_MAX_POW_DIFFICULTY_BITS = 28
/** Longest run without a turn of the event loop, unless the caller says otherwise. */
export const DEFAULT_POW_SLICE_MS = 4

// A batch is one call of the hash loop: short enough that the clock is looked at about every millisecond.
const FIRST_BATCH = 8
const LAST_BATCH = 8192
const BATCH_TARGET_MS = 0.5
/** Ends a slice whatever the clock says, so that a clock that stands still cannot take the event loop away. */
const MAX_SLICE_HASHES = 2 ** 16

/** Up to here a search is over before a faster one is ready. */
const EASY_BITS = 12

/** What is known while solving. */
export interface PowProgress {
  /** Hashes computed so far. */
  readonly hashes: number
  /** Time since the start, including the turns given to others. */
  readonly elapsedMs: number
  /** The challenge's difficulty: on average 2^difficultyBits hashes. */
  readonly difficultyBits: number
}

/** Options of {@link solvePow}. */
export interface SolvePowOptions {
  readonly clock: Clock
  readonly yieldToEventLoop: YieldToEventLoop
  /** Stops the search between slices. */
  readonly signal?: AbortSignal | undefined
  /** Refuses harder challenges before any work. Default 28. */
  readonly maxDifficultyBits?: number | undefined
  /** Longest run between two turns of the event loop, milliseconds. Default 4. */
  readonly sliceMs?: number | undefined
  /** Called after each slice and once at the end; what it throws ends the search. */
  readonly onProgress?: ((progress: PowProgress) => void) | undefined
}

/**
 * The smallest nonce ≥ 0 that satisfies the challenge; 0 at once when any does. Safe to call in parallel.
 *
 * @throws CocoonError `ERR_POW_DIFFICULTY` (too hard for the cap, or above 64 and thus impossible), `ERR_POW_CHALLENGE`
 *   (impossible values), or the signal's reason when that is one of ours, else `ERR_ABORTED`.
 */
export async function solvePow(challenge: PowChallenge, options: SolvePowOptions): Promise<bigint> {
  const { clock, yieldToEventLoop, signal, onProgress } = options
  const { difficultyBits } = challenge
  const search = new NonceSearch(challenge)
  refuseTooHard(difficultyBits, options.maxDifficultyBits ?? DEFAULT_MAX_POW_DIFFICULTY_BITS)
  throwIfAborted(signal)
  const startMs = clock.monotonic()
  if (difficultyBits > EASY_BITS) {
    speedUp(search)
    // Getting ready takes a few milliseconds of its own the first time.
    await yieldToEventLoop()
    throwIfAborted(signal)
  }
  const slice = new Slice(search, clock, options.sliceMs ?? DEFAULT_POW_SLICE_MS)
  for (;;) {
    const found = slice.run()
    onProgress?.({ hashes: slice.hashes, elapsedMs: clock.monotonic() - startMs, difficultyBits })
    if (found !== undefined) return found
    await yieldToEventLoop()
    throwIfAborted(signal)
  }
}

/** Goes on with a faster search as soon as there is one. Without one, the work only takes longer. */
function speedUp(search: NonceSearch): void {
  prepareFastSearch().then(
    (fast) => (search.searchNonces = fast),
    () => undefined
  )
}

/** Runs batches until a slice is full; learns how many hashes fit into one. */
class Slice {
  /** Nonces tested, which is also the next nonce. Exact up to 2⁵³, far beyond what anybody can search. */
  hashes = 0
  readonly #search: NonceSearch
  readonly #clock: Clock
  readonly #sliceMs: number
  #batch = FIRST_BATCH

  constructor(search: NonceSearch, clock: Clock, sliceMs: number) {
    this.#search = search
    this.#clock = clock
    this.#sliceMs = sliceMs
  }

  run(): bigint | undefined {
    const startMs = this.#clock.monotonic()
    const stopAt = this.hashes + MAX_SLICE_HASHES
    let beforeMs = startMs
    while (this.hashes < stopAt) {
      const low = this.hashes % 2 ** 32
      const count = Math.min(this.#batch, 2 ** 32 - low)
      const found = this.#search.run(Math.floor(this.hashes / 2 ** 32), low, count)
      if (found >= 0) {
        const nonce = BigInt(this.hashes + found)
        this.hashes += found + 1
        return nonce
      }
      this.hashes += count
      const nowMs = this.#clock.monotonic()
      const batchMs = nowMs - beforeMs
      beforeMs = nowMs
      if (batchMs < BATCH_TARGET_MS) this.#batch = Math.min(this.#batch * 2, LAST_BATCH)
      else if (batchMs > 2 * BATCH_TARGET_MS) this.#batch = Math.max(this.#batch >> 1, FIRST_BATCH)
      // The next batch may take twice as long as this one.
      if (nowMs - startMs + 2 * batchMs >= this.#sliceMs) return undefined
    }
    return undefined
  }
}

function refuseTooHard(difficultyBits: number, maxDifficultyBits: number): void {
  const cap = Math.min(maxDifficultyBits, MAX_POW_BITS)
  if (difficultyBits <= cap) return
  throw new CocoonError('ERR_POW_DIFFICULTY', `difficulty ${difficultyBits} is above the cap of ${cap} bits`, {
    phase: 'pow',
    remedy: difficultyBits > MAX_POW_BITS ? undefined : 'use another proxy or raise the cap'
  })
}

function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw CocoonError.from(signal.reason, 'ERR_ABORTED', { phase: 'pow' })
}
