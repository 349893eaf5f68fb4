/**
 * Names with a meaning of their own (v3.md §2.4).
 *
 * @module
 */

/** Names of the envelope itself, top level only. */
export const ENVELOPE_NAMES = ['is_encrypted', 'sender_public_key', 'receiver_public_key', 'encryption_nonce'] as const

/** The one scheme there is. */
export const SCHEME = 'v1'

/** Names whose values the network leaves in clear, at every depth. */
const EXEMPT: ReadonlySet<string> = /* @__PURE__ */ new Set([
  ...ENVELOPE_NAMES,
  'model',
  'max_completion_tokens',
  'max_tokens',
  'max_coefficient',
  'timeout',
  'debug',
  'enable_debug',
  'request_guid'
])

/** Whether values under this name stay readable. */
export function isExempt(name: string): boolean {
  return EXEMPT.has(name)
}

/** Whether a name is one of the envelope's own. */
export function isEnvelopeName(name: string): boolean {
  return (ENVELOPE_NAMES as readonly string[]).includes(name)
}

/** Exempt names whose value may be text at the top level: they are meant to be read on the way. */
export function isReadableText(name: string): boolean {
  return name === 'model' || name === 'request_guid'
}
