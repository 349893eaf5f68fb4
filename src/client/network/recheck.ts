/**
 * Asks the policy again about the peer of a standing connection: an image list that changed (a registry's, a function's)
 * holds for connections that were made before it too.
 *
 * @module
 */
import type { Clock } from '../../runtime/ports/clock.js'
import type { PeerEvidence, VerdictPolicy } from '../../runtime/ports/verdict.js'

/** Whether the peer is still accepted; `true` at once while the last answer is young. Never rejects. */
export type Recheck = () => true | Promise<boolean>

/** Age of an answer from which the policy is asked again, milliseconds: it may be a caller's, and slow. */
const RECHECK_AFTER_MS = 1_000

/** Makes the question about one peer that was just accepted. Calls at the same time share one judgement. */
export function createRecheck(policy: VerdictPolicy, clock: Clock, peer: PeerEvidence): Recheck {
  let askedAtMs = clock.monotonic()
  let asking: Promise<boolean> | undefined
  const ask = async (): Promise<boolean> => {
    try {
      return (await policy.judge(peer, { now: new Date(clock.now()) })).accepted === true
    } catch {
      // Nothing says that it may go on: the next dial is judged and has an error of its own.
      return false
    } finally {
      askedAtMs = clock.monotonic()
      asking = undefined
    }
  }
  return () => {
    if (asking === undefined && clock.monotonic() - askedAtMs < RECHECK_AFTER_MS) return true
    asking ??= ask()
    return asking
  }
}
