/**
 * The runner's command line: which flags the shim understands, and how many arguments they take.
 *
 * @module
 */

/** Flags followed by one argument that is kept. */
const VALUE_FLAGS: ReadonlySet<string> = new Set([
  'port',
  'shim-id',
  'cert-file',
  'key-file',
  'export-keying-material',
  'export-label',
  'export-context',
  // Accepted and not looked at: what they expect, the profile fixes.
  'trust-cert',
  'host-name',
  'expect-version',
  'expect-curve-id',
  'expect-peer-signature-algorithm',
  'max-version',
  'min-version',
  'expect-peer-cert-file',
  'read-size',
  'expect-cipher-aes',
  'expect-total-renegotiations'
])

/** Flags followed by one number; they may be repeated. */
const LIST_FLAGS: ReadonlySet<string> = new Set(['curves', 'verify-prefs', 'signing-prefs'])

/** Flags that stand alone. */
const SWITCH_FLAGS: ReadonlySet<string> = new Set([
  'shim-writes-first',
  'shim-shuts-down',
  'check-close-notify',
  'verify-peer',
  'verify-fail',
  'use-export-context',
  'key-update',
  'is-handshaker-supported',
  'require-any-client-certificate',
  'expect-no-session',
  'expect-verify-result',
  'expect-no-hrr',
  'write-different-record-sizes',
  'implicit-handshake',
  'expect-no-peer-cert',
  'use-custom-verify-callback',
  'expect-session-miss',
  'no-tls12',
  'no-tls11',
  'no-tls1',
  'enable-ed25519',
  'no-ticket'
])

/** Parsed command line. */
export interface ShimOptions {
  /** Single values; a switch has an empty one. */
  readonly values: ReadonlyMap<string, string>
  readonly lists: ReadonlyMap<string, readonly number[]>
}

/** Parses the command line; `undefined` for a flag outside the profile, which the runner then skips. */
export function parseFlags(given: readonly string[]): ShimOptions | undefined {
  const values = new Map<string, string>()
  const lists = new Map<string, number[]>()
  for (let index = 0; index < given.length; index++) {
    const name = given[index]!.replace(/^-+/, '')
    if (VALUE_FLAGS.has(name)) values.set(name, given[++index] ?? '')
    else if (LIST_FLAGS.has(name)) lists.set(name, [...(lists.get(name) ?? []), Number(given[++index])])
    else if (SWITCH_FLAGS.has(name)) values.set(name, '')
    else return undefined
  }
  const highest = values.get('max-version')
  if (highest !== undefined && Number(highest) < 0x0304) return undefined
  return { values, lists }
}
