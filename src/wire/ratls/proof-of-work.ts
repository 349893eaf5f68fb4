/**
 * The plain-text prologue of a connection: the peer's challenge and our answer (wire.md §1 steps 2 and 3).
 *
 * @module
 */
import { CocoonError } from '../../errors.js'
import type { ByteStream } from '../../runtime/ports/byte-stream.js'
import { raceAbort } from '../../runtime/shared/index.js'
import {
  DEFAULT_MAX_POW_DIFFICULTY_BITS,
  decodePowChallenge,
  encodePowResponse,
  type PowChallenge,
  solvePow,
  verifyPow
} from '../pow/index.js'
import type { RatlsOptions } from './types.js'

/** Size of a challenge, bytes. */
const CHALLENGE_BYTES = 24
/** Least time between two progress events, milliseconds. */
const PROGRESS_EVERY_MS = 250

/**
 * Reads the challenge, solves it, sends the answer.
 *
 * @returns the difficulty that was asked for.
 * @throws CocoonError `ERR_POW_CHALLENGE` | `ERR_POW_DIFFICULTY` | `ERR_PROTOCOL` | `ERR_CONNECTION_LOST` | the signal's reason.
 */
export async function answerChallenge(stream: ByteStream, options: RatlsOptions): Promise<number> {
  const { signal } = options
  const challenge = decodePowChallenge(await readChallenge(stream, signal))
  const nonce = await findNonce(challenge, options)
  await raceAbort(stream.write(encodePowResponse(nonce)), signal, 'pow')
  return challenge.difficultyBits
}

/** The work itself, on this thread or by the solver that the caller gave. */
async function findNonce(challenge: PowChallenge, options: RatlsOptions): Promise<bigint> {
  const { clock, signal, onEvent, solvePow: givenSolver } = options
  const { difficultyBits } = challenge
  const { maxPowDifficultyBits: maxDifficultyBits = DEFAULT_MAX_POW_DIFFICULTY_BITS } = options
  const startMs = clock.monotonic()
  let reportedMs = 0
  const onProgress = (hashes: number): void => {
    const elapsedMs = clock.monotonic() - startMs
    if (onEvent === undefined || elapsedMs - reportedMs < PROGRESS_EVERY_MS) return
    reportedMs = elapsedMs
    onEvent({ type: 'pow-progress', difficultyBits, hashes, ms: elapsedMs })
  }
  const onThisThread = (): Promise<bigint> =>
    solvePow(challenge, {
      signal,
      clock,
      yieldToEventLoop: options.yieldToEventLoop,
      maxDifficultyBits,
      onProgress: ({ hashes }) => onProgress(hashes)
    })
  // What is too hard is refused by the solver of this thread, before any work.
  if (givenSolver === undefined || difficultyBits > maxDifficultyBits) return onThisThread()
  const nonce = await raceAbort(givenSolver(challenge, { signal, onProgress, fallback: onThisThread }), signal, 'pow')
  if (verifyPow(challenge, nonce)) return nonce
  throw new CocoonError('ERR_OPTIONS', 'runtime.solvePow found a nonce that does not hold', {
    phase: 'pow',
    field: 'runtime.solvePow'
  })
}

/** Exactly one challenge: whatever comes with it was sent by somebody who does not speak this protocol. */
async function readChallenge(stream: ByteStream, signal: AbortSignal | undefined): Promise<Uint8Array> {
  const challenge = new Uint8Array(CHALLENGE_BYTES)
  let length = 0
  while (length < CHALLENGE_BYTES) {
    const chunk = await raceAbort(stream.read(), signal, 'pow')
    if (chunk === null) {
      throw new CocoonError('ERR_CONNECTION_LOST', 'the peer went away before its challenge was complete', {
        phase: 'pow',
        retryable: true
      })
    }
    if (length + chunk.length > CHALLENGE_BYTES) {
      throw new CocoonError('ERR_PROTOCOL', 'bytes follow the challenge', { phase: 'pow' })
    }
    challenge.set(chunk, length)
    length += chunk.length
  }
  return challenge
}
