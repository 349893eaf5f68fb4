/**
 * Collects the outcome of checks while a verifier runs. The only way to refuse is through a check id: `demand` records a
 * failure and leaves the current stage, `check` records it and goes on.
 *
 * @module
 */
import { CocoonError } from '../../errors.js'
import type { CheckOutcome } from '../../runtime/ports/verdict.js'
import type { CheckId } from './checks.js'

/** What one check found. */
export interface Finding {
  readonly outcome: CheckOutcome
  readonly compared: string
}

/** Thrown to leave a stage after a failure was recorded; never leaves this room. */
class StageLeft extends Error {}

/** Findings of one verification. */
export class Findings {
  readonly #found = new Map<CheckId, Finding>()

  /** What was found so far. */
  get found(): ReadonlyMap<CheckId, Finding> {
    return this.#found
  }

  /** Whether nothing failed so far. */
  get clean(): boolean {
    return [...this.#found.values()].every((finding) => finding.outcome !== 'fail')
  }

  /** Records pass or fail; a check that failed once stays failed. */
  check(id: CheckId, passed: boolean, compared: string): boolean {
    if (this.#found.get(id)?.outcome !== 'fail') this.#found.set(id, { outcome: passed ? 'pass' : 'fail', compared })
    return passed
  }

  /** Records pass or fail, and leaves the stage on a failure. */
  demand(id: CheckId, passed: boolean, compared: string): asserts passed {
    if (!this.check(id, passed, compared)) throw new StageLeft()
  }

  /** Records that a check has no meaning for this evidence. */
  notApplicable(id: CheckId, compared: string): void {
    if (!this.#found.has(id)) this.#found.set(id, { outcome: 'not-applicable', compared })
  }

  /** Runs one piece of parsing; what it throws becomes a failure of `id`, and the stage is left. */
  parse<T>(id: CheckId, compared: string, run: () => T): T {
    let value: T
    try {
      value = run()
    } catch (error) {
      if (error instanceof StageLeft) throw error
      this.check(id, false, CocoonError.is(error) ? `${compared}: ${error.message}` : compared)
      throw new StageLeft()
    }
    this.check(id, true, compared)
    return value
  }

  /**
   * Runs two parts side by side, to the end of both. They must not share check ids, or a report would depend on which is
   * faster. Leaves the stage when one of them was left.
   */
  async both<A, B>(first: () => Promise<A>, second: () => Promise<B>): Promise<[A, B]> {
    const [a, b] = await Promise.all([this.stage(first), this.stage(second)])
    if (a === undefined || b === undefined) throw new StageLeft()
    return [a, b]
  }

  /**
   * Runs one stage. @returns its value, or `undefined` when it was left; a stage may go on in its siblings' absence.
   * Anything else that it throws is a defect of the verifier and fails `verifier.internal`: closed, never open.
   */
  async stage<T>(run: () => T | Promise<T>): Promise<T | undefined> {
    try {
      return await run()
    } catch (error) {
      if (!(error instanceof StageLeft))
        this.check('verifier.internal', false, 'an unexpected failure inside the verifier')
      return undefined
    }
  }
}
