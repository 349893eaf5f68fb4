/**
 * Port: who does the work of a proof of work. The default runs in slices between other tasks; a platform that has other
 * threads may use one.
 *
 * @module
 */

/** What is asked for; `PowChallenge` of wire/pow. */
export interface ProofOfWorkTask {
  /** Leading zero bits, at most the client's cap. */
  readonly difficultyBits: number
  /** 16 bytes. */
  readonly salt: Uint8Array
}

/** How a solver is run. */
export interface ProofOfWorkContext {
  /** Ends the search; the solver then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined
  /** To be called with the hashes tried so far, a few times a second; without it a long search looks like a stall. */
  readonly onProgress?: ((hashes: number) => void) | undefined
  /** What the client would have used: the solver on this thread. For solvers that find themselves unable. */
  readonly fallback: () => Promise<bigint>
}

/**
 * Finds a nonce. The answer is checked before it is sent, so a wrong one is an error and nothing worse.
 *
 * @throws CocoonError
 */
export type SolveProofOfWork = (task: ProofOfWorkTask, context: ProofOfWorkContext) => Promise<bigint>
