/**
 * Against sign-ins that somebody else presents again. Telegram's scheme has nothing for it: an initData is good for
 * everybody until it is too old.
 *
 * @module
 */
import { CocoonError } from '../../errors.js'
import type { Caller } from '../options.js'

/** A verified sign-in that is presented. */
export interface SignIn {
  /** SHA-256 of what Telegram signed, 64 hex digits: the same however the text is spelled and by whichever signature. */
  readonly id: string
  /** From then on the sign-in is refused for its age; whoever remembers it may forget it. Milliseconds since the Unix epoch. */
  readonly expiresAtMs: number
  readonly caller: Caller
}

/** Remembers sign-ins: {@link memoryReplayGuard}, or a store that several gateways share. */
export interface ReplayGuard {
  /**
   * Whether this caller may use the sign-in now. Asked once a request, after the signature and the age were found good.
   * Must decide and remember in one step: of two callers at once, only one may be the first. What it throws refuses too.
   */
  admit(signIn: SignIn): boolean | Promise<boolean>
}

/** Options of {@link memoryReplayGuard}. */
export interface MemoryReplayGuardOptions {
  /**
   * Requests that one sign-in may make. Default 1, or without bound where `bind` is given. A Mini App sends the same
   * initData with each of its requests: with the default, exchange it for a token of your own in the first.
   */
  readonly maxUses?: number | undefined
  /**
   * What the sign-in belongs to from its first use on, e.g. a header with a secret that the page draws at its start, or the
   * address that your platform vouches for. Callers with another text are refused, and those with `undefined` always.
   */
  readonly bind?: ((caller: Caller) => string | undefined) | undefined
  /** Sign-ins that are remembered. Default 100,000; when full, new ones are refused rather than old ones forgotten. */
  readonly maxEntries?: number | undefined
}

interface Entry {
  readonly bound: string | undefined
  readonly expiresAtMs: number
  uses: number
}

/** Longest text that is remembered for a sign-in. */
const MAX_BOUND_CHARS = 256

/** A guard that lives as long as the process: each process would admit a sign-in once. @throws CocoonError `ERR_OPTIONS`. */
export function memoryReplayGuard(options: MemoryReplayGuardOptions = {}): ReplayGuard {
  const { bind, maxUses = bind === undefined ? 1 : Infinity, maxEntries = 100_000 } = options
  if (!(maxUses >= 1) || !(maxEntries >= 1))
    throw new CocoonError('ERR_OPTIONS', 'maxUses and maxEntries must be 1 or more', { phase: 'options' })
  const entries = new Map<string, Entry>()
  let nextSweepMs = 0
  /** Once a minute, or when full and a second has passed: a full guard must not cost a walk a request. */
  function sweep(nowMs: number): void {
    const isFull = entries.size >= maxEntries
    if (nowMs < nextSweepMs - (isFull ? 59_000 : 0)) return
    nextSweepMs = nowMs + 60_000
    for (const [id, { expiresAtMs }] of entries) if (expiresAtMs < nowMs) entries.delete(id)
  }
  return {
    admit({ id, expiresAtMs, caller }) {
      const bound = bind?.(caller)
      if (bind !== undefined && (typeof bound !== 'string' || bound === '' || bound.length > MAX_BOUND_CHARS))
        return false
      sweep(caller.nowMs)
      const known = entries.get(id)
      if (known === undefined) {
        if (entries.size >= maxEntries) return false
        entries.set(id, { bound, expiresAtMs, uses: 1 })
        return true
      }
      if (known.bound !== bound || known.uses >= maxUses) return false
      known.uses++
      return true
    }
  }
}
