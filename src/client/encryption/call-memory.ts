/**
 * What the calls of one client remember for each other.
 *
 * @module
 */
import type { UsableEncryptionKey } from './types.js'

/** How long a search for a proxy that can encrypt is not repeated, where clear text is allowed, milliseconds. */
const SEARCH_PAUSE_MS = 60_000

/**
 * Which proxy does not know which key, until the list of keys changes (the registry was read anew, a key expired), and that no
 * proxy was found that can encrypt. It only decides what is tried first: a proxy learns keys some seconds after its
 * start, so what is remembered is never a reason to refuse.
 */
export class CallMemory {
  readonly #unknown = new Set<string>()
  #list = ''
  #searchAgainAtMs = -Infinity

  /** Takes note of the keys that there are now. */
  see(keys: readonly UsableEncryptionKey[]): void {
    const list = keys.map(({ publicKey }) => publicKey).join()
    if (list === this.#list) return
    this.#list = list
    this.#unknown.clear()
  }

  /** The first key that the peer may know; when it knows none, the first. Keys that this call has tried are left out. */
  choose(
    keys: readonly UsableEncryptionKey[],
    address: string,
    tried: ReadonlySet<UsableEncryptionKey>
  ): UsableEncryptionKey | undefined {
    const left = keys.filter((key) => !tried.has(key))
    return left.find(({ publicKey }) => !this.#unknown.has(`${address} ${publicKey}`)) ?? left[0]
  }

  /** What a peer has shown about a key. */
  note(address: string, { publicKey }: UsableEncryptionKey, isKnown: boolean): void {
    if (isKnown) this.#unknown.delete(`${address} ${publicKey}`)
    else this.#unknown.add(`${address} ${publicKey}`)
  }

  /** No proxy that could be had speaks a version with encryption. */
  noteNoneFound(nowMs: number): void {
    this.#searchAgainAtMs = nowMs + SEARCH_PAUSE_MS
  }

  maySearch(nowMs: number): boolean {
    return nowMs >= this.#searchAgainAtMs
  }
}
