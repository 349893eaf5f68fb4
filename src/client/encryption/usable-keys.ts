/**
 * Which of the network's keys a request may be encrypted to (v3.md §2.3).
 *
 * @module
 */
import { CocoonError } from '../../errors.js'
import { formatPublicKey, parsePublicKey, PUBLISHED_TEST_KEY } from '../../envelope/index.js'
import type { EncryptionKey, EncryptionKeySource, UsableEncryptionKey } from './types.js'

/** The only type that the key manager makes. */
const REQUEST_KEY_TYPE = 1
/** A key must outlive the request by this, since the proxy forgets it at once when it expires. */
const MARGIN_MS = 60_000
/** Keys that are looked at: about 25 are valid at once, and expired ones stay in the contract. */
const MAX_KEYS = 4096

/** What decides about keys. */
export interface KeyQuery {
  readonly source: EncryptionKeySource | undefined
  readonly isTest: boolean
  readonly nowMs: number
  /** Time that the call has left. */
  readonly remainingMs: number
}

/**
 * Keys for one call, the longest-living first. Never the published test key outside test networks.
 *
 * @throws CocoonError `ERR_OPTIONS` for what is no list of keys; `ERR_ENCRYPTION_UNAVAILABLE` when the source fails.
 */
export async function findUsableKeys(query: KeyQuery): Promise<readonly UsableEncryptionKey[]> {
  const keys = await readSource(query.source)
  const deadlineMs = query.nowMs + query.remainingMs + MARGIN_MS
  const usable = new Map<string, UsableEncryptionKey>()
  for (const { publicKey, type, expiresAtUnix } of keys) {
    if ((type ?? REQUEST_KEY_TYPE) !== REQUEST_KEY_TYPE || !(expiresAtUnix * 1000 > deadlineMs)) continue
    const text = formatPublicKey(parsePublicKey(publicKey))
    if (text !== PUBLISHED_TEST_KEY || query.isTest) usable.set(text, { publicKey: text, expiresAtUnix })
  }
  return [...usable.values()].toSorted((a, b) => b.expiresAtUnix - a.expiresAtUnix)
}

async function readSource(source: EncryptionKeySource | undefined): Promise<readonly EncryptionKey[]> {
  if (source === undefined) return []
  let keys: readonly EncryptionKey[]
  try {
    keys = typeof source === 'function' ? await source() : source
  } catch (cause) {
    throw new CocoonError('ERR_ENCRYPTION_UNAVAILABLE', 'the source of encryption keys failed', {
      phase: 'registry',
      retryable: CocoonError.is(cause) && cause.retryable,
      cause
    })
  }
  if (!Array.isArray(keys) || keys.length > MAX_KEYS || !keys.every(isKey))
    throw new CocoonError('ERR_OPTIONS', 'option network.encryptionKeys gives no list of keys', {
      phase: 'options',
      field: 'network.encryptionKeys'
    })
  return keys
}

function isKey(key: unknown): boolean {
  return typeof key === 'object' && key !== null && typeof (key as Partial<EncryptionKey>).expiresAtUnix === 'number'
}
