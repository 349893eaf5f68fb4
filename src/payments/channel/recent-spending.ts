/**
 * Sums over the last minute and the last day, in steps of a second: memory is bounded by the number of seconds in a day
 * however many spends there are. Pure.
 *
 * What falls into one second leaves a window together, when the newest of it does: a window may count a spend up to a
 * second too long, never too short.
 *
 * @module
 */

const STEP_MS = 1000
const MINUTE_MS = 60_000
const DAY_MS = 86_400_000

/** What was spent or reserved within one second. */
export interface SpendingStep {
  /** Time of the newest of it. */
  readonly atMs: number
  readonly sumNano: bigint
}

interface Step extends SpendingStep {
  atMs: number
  sumNano: bigint
  inMinute: boolean
  inDay: boolean
}

/** Two sliding windows over the same steps. */
export class RecentSpending {
  readonly #steps: Step[] = []
  /** Steps from here on are in the window. */
  #dayHead = 0
  #minuteHead = 0
  minuteNano = 0n
  dayNano = 0n

  /** Adds an amount at a time that is not before any other. @returns Its step, for {@link RecentSpending.adjust}. */
  add(atMs: number, amountNano: bigint): SpendingStep {
    let step = this.#steps.at(-1)
    if (step === undefined || Math.floor(step.atMs / STEP_MS) !== Math.floor(atMs / STEP_MS)) {
      step = { atMs, sumNano: 0n, inMinute: true, inDay: true }
      this.#steps.push(step)
    }
    step.atMs = atMs
    this.adjust(step, amountNano)
    return step
  }

  /** Follows a changed amount in every window that still holds its step. */
  adjust(given: SpendingStep, changeNano: bigint): void {
    const step = given as Step
    step.sumNano += changeNano
    if (step.inMinute) this.minuteNano += changeNano
    if (step.inDay) this.dayNano += changeNano
  }

  /** Drops what is older than the windows. */
  advance(nowMs: number): void {
    for (
      let step = this.#steps[this.#minuteHead];
      step !== undefined && step.atMs <= nowMs - MINUTE_MS;
      step = this.#steps[++this.#minuteHead]
    ) {
      step.inMinute = false
      this.minuteNano -= step.sumNano
    }
    for (
      let step = this.#steps[this.#dayHead];
      step !== undefined && step.atMs <= nowMs - DAY_MS;
      step = this.#steps[++this.#dayHead]
    ) {
      step.inDay = false
      this.dayNano -= step.sumNano
    }
    // Amortised: the array is cut when half of it is dead.
    if (this.#dayHead > 1024 && this.#dayHead * 2 > this.#steps.length) {
      this.#steps.splice(0, this.#dayHead)
      this.#minuteHead -= this.#dayHead
      this.#dayHead = 0
    }
  }

  /** Number of {@link RecentSpending.steps}. */
  get size(): number {
    return this.#steps.length - this.#dayHead
  }

  /** Steps of the last day, oldest first. */
  steps(): readonly SpendingStep[] {
    return this.#steps.slice(this.#dayHead)
  }
}
