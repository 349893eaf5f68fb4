import { expect, test } from 'vitest'
import type { CliContext } from '../../src/cli/context.js'
import { createProgress } from '../../src/cli/progress.js'
import type { NetworkEvent } from '../../src/index.js'

const EVENTS: readonly NetworkEvent[] = [
  { type: 'dial', address: 'a:1', attempt: 2 },
  { type: 'pow-progress', difficultyBits: 20, hashes: 2 ** 19, ms: 300, address: 'a:1', attempt: 2 },
  { type: 'connect-failed', ms: 3, phase: 'tls', code: 'ERR_TLS', retryInMs: 400, address: 'a:1', attempt: 2 }
]

function run(isTTY: boolean, isQuiet: boolean): string {
  let text = ''
  const stderr = { write: (part: string) => void (text += part), isTTY, columns: 60 }
  const progress = createProgress({ stderr } as unknown as CliContext, isQuiet)
  for (const event of EVENTS) progress.onEvent(event)
  progress.end()
  progress.end()
  progress.onEvent(EVENTS[0]!)
  return text
}

test('one line for a person, wiped at the end', () => {
  const lines = run(true, false).split('\r\u001b[2K')
  expect(lines).toEqual([
    '',
    'connecting to a:1 (attempt 2) …',
    'proof of work, 20 bits: 0.5 M hashes, 50 % of the expected ',
    'a:1: ERR_TLS in tls, again in 0.4 s',
    ''
  ])
})

test('nothing for a pipe, and nothing when JSON is wanted', () => {
  expect(run(false, false)).toBe('')
  expect(run(true, true)).toBe('')
})
