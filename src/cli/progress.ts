/**
 * The line on standard error that says what a connection is doing, for a person at a terminal; nothing for a pipe.
 *
 * @module
 */
import type { NetworkEvent, NetworkEventListener } from '../index.js'
import type { CliContext } from './context.js'

/** A progress line. */
export interface Progress {
  readonly onEvent: NetworkEventListener
  /** Wipes the line; later events print nothing. Safe to call twice. */
  end(): void
}

/** Back to the start of the line, and clear it. */
const WIPE = '\r\u001b[2K'

/** A progress line on standard error when that is a terminal and `isQuiet` is not set. */
export function createProgress(context: CliContext, isQuiet: boolean): Progress {
  const isShown = context.stderr.isTTY && !isQuiet
  let isOpen = true
  let isDirty = false
  return {
    onEvent: (event) => {
      const text = isShown && isOpen ? describeEvent(event) : undefined
      if (text === undefined) return
      context.stderr.write(`${WIPE}${text.slice(0, (context.stderr.columns ?? 80) - 1)}`)
      isDirty = true
    },
    end: () => {
      isOpen = false
      if (isDirty) context.stderr.write(WIPE)
      isDirty = false
    }
  }
}

function describeEvent(event: NetworkEvent): string | undefined {
  switch (event.type) {
    case 'dial':
      return `connecting to ${event.address}${event.attempt > 1 ? ` (attempt ${event.attempt})` : ''} …`
    case 'pow-progress': {
      const share = event.hashes / 2 ** event.difficultyBits
      const millions = (event.hashes / 1e6).toFixed(1)
      return `proof of work, ${event.difficultyBits} bits: ${millions} M hashes, ${(share * 100).toFixed(0)} % of the expected work`
    }
    case 'phase':
      return `${event.address}: ${event.phase} done in ${event.ms.toFixed(0)} ms …`
    case 'connect-failed':
      return `${event.address}: ${event.code} in ${event.phase}, again in ${(event.retryInMs / 1000).toFixed(1)} s`
    case 'query-sent':
      return `${event.address}: request sent, waiting for the answer …`
    default:
      return undefined
  }
}
