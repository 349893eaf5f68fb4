/**
 * Calls into callbacks that only watch.
 *
 * @module
 */

/** Calls a watcher. What it throws, and what a promise of it rejects with, is its own problem: neither may end the process. */
export function callWatcher(call: () => unknown): void {
  try {
    const result = call()
    if (result instanceof Promise) result.catch(() => undefined)
  } catch {
    // Its problem, not that of what it watches.
  }
}
