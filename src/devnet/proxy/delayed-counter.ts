/**
 * A counter that is published at regular instants only, as the proxy's database and its state on chain are.
 *
 * @module
 */

interface Entry {
  readonly atMs: number
  readonly total: bigint
}

/** Holds a growing total; readers see it as it was at the last publication. */
export class DelayedCounter {
  readonly #intervalMs: number
  readonly #startMs: number
  #published = 0n
  #entries: Entry[] = []

  /** @param intervalMs - Time between publications; 0 publishes at once. */
  constructor(intervalMs: number, nowMs: number) {
    this.#intervalMs = intervalMs
    this.#startMs = nowMs
  }

  set(total: bigint, nowMs: number): void {
    if (this.#intervalMs <= 0) this.#published = total
    else {
      this.read(nowMs)
      this.#entries.push({ atMs: nowMs, total })
    }
  }

  /** Publishes now. */
  flush(): void {
    this.#published = this.#entries.at(-1)?.total ?? this.#published
    this.#entries = []
  }

  read(nowMs: number): bigint {
    if (this.#intervalMs <= 0) return this.#published
    const elapsed = nowMs - this.#startMs
    const lastMs = this.#startMs + Math.floor(elapsed / this.#intervalMs) * this.#intervalMs
    const visible = this.#entries.findLastIndex((entry) => entry.atMs <= lastMs)
    if (visible >= 0) {
      this.#published = this.#entries[visible]?.total ?? this.#published
      this.#entries = this.#entries.slice(visible + 1)
    }
    return this.#published
  }
}
