/**
 * Calls over a carrier with what may be encrypted encrypted. Loaded by the first call for which there may be a key.
 * A request that was sent encrypted is never repeated in clear.
 *
 * @module
 */
import { CocoonError } from '../../errors.js'
import { type InferenceAnswer, type InferenceTransport, PeerUnsuitable } from '../../runtime/ports/inference.js'
import type { CallMemory } from './call-memory.js'
import { type SealedRequest, sealRequest } from './seal.js'
import { markEncrypted } from './mark-encrypted.js'
import { openAnswer } from './open-answer.js'
import type { EncryptionSettings, UsableEncryptionKey } from './types.js'
import { findUsableKeys } from './usable-keys.js'

export { CallMemory } from './call-memory.js'
export { findUsableKeys } from './usable-keys.js'

/** First protocol version that knows encrypted requests (v3.md §1.2). */
const FIRST_VERSION = 3
/** Keys that one call tries: the proxy may not know the newest yet. */
const MAX_KEYS_PER_CALL = 4
const PEER_CODE_ERROR = 602

/** Sends one request, to the first key that the network knows and over the first proxy that can encrypt. */
export async function sendEncrypted(
  inner: InferenceTransport,
  settings: EncryptionSettings,
  memory: CallMemory,
  call: Parameters<InferenceTransport['send']>
): Promise<InferenceAnswer> {
  const keys = await findUsableKeys({
    source: settings.keys,
    isTest: settings.isTest,
    nowMs: settings.clock.now(),
    remainingMs: call[1].remainingMs()
  })
  memory.see(keys)
  const tried = new Set<UsableEncryptionKey>()
  const nowMs = settings.clock.monotonic()
  let mayBeClear = settings.mode === 'preferred' && (keys.length === 0 || !memory.maySearch(nowMs))
  for (;;) {
    try {
      return await sendOnce(inner, settings, memory, call, { keys, tried, mayBeClear })
    } catch (error) {
      if (error instanceof PeerUnsuitable) {
        if (!error.isOptional) throw error
        // Every proxy that was to be had was asked; nothing has left yet, in whatever form.
        memory.noteNoneFound(nowMs)
        mayBeClear = true
      } else {
        if (!(error instanceof UnknownKey)) throw error
        // What has left encrypted is never repeated in clear.
        mayBeClear = false
        if (tried.size >= Math.min(keys.length, MAX_KEYS_PER_CALL)) throw unknownToNetwork(error.refusal)
      }
    }
  }
}

interface Attempt {
  readonly keys: readonly UsableEncryptionKey[]
  /** Keys that the network did not know in this call. */
  readonly tried: Set<UsableEncryptionKey>
  readonly mayBeClear: boolean
}

/** Says that the key was not known, and the request not run; stays in this file. */
class UnknownKey extends Error {
  readonly refusal: CocoonError

  constructor(refusal: CocoonError) {
    super(refusal.message)
    this.refusal = refusal
  }
}

async function sendOnce(
  inner: InferenceTransport,
  settings: EncryptionSettings,
  memory: CallMemory,
  [prepare, budget]: Parameters<InferenceTransport['send']>,
  { keys, tried, mayBeClear }: Attempt
): Promise<InferenceAnswer> {
  let sealed: (SealedRequest & { readonly key: UsableEncryptionKey; readonly address: string }) | undefined
  let isCallers = false
  try {
    const answer = await inner.send(async (peer) => {
      sealed = undefined
      const request = await prepare(peer)
      // Encrypted by the caller, who alone can open the answer.
      isCallers = request.networkPublicKey !== undefined
      if (isCallers) return request
      const key = memory.choose(keys, peer.address, tried)
      const isOld = peer.protocolVersion < FIRST_VERSION
      if (key === undefined || isOld) {
        if (mayBeClear) return request
        const isOptional = settings.mode === 'preferred' && tried.size === 0
        throw unavailable(key !== undefined, isOptional)
      }
      sealed = { ...(await sealRequest(request, key.publicKey, settings)), key, address: peer.address }
      return sealed.request
    }, budget)
    if (isCallers) return markEncrypted(answer, answer.parts)
    if (sealed === undefined) return answer
    memory.note(sealed.address, sealed.key, true)
    return openAnswer(answer, sealed)
  } catch (error) {
    if (sealed === undefined || !isUnknownKey(error)) throw error
    memory.note(sealed.address, sealed.key, false)
    tried.add(sealed.key)
    throw new UnknownKey(error)
  }
}

function unavailable(hasKey: boolean, isOptional: boolean): CocoonError {
  const reason = hasKey
    ? 'the proxy speaks a protocol version without encryption'
    : 'the network publishes no usable key'
  const options = {
    phase: 'envelope',
    httpStatus: 503,
    remedy:
      "give network.encryptionKeys from the network's root contract, or choose a direct, attested connection with encryption 'preferred' or 'off'"
  } as const
  const message = `encryption is required, but ${reason}; nothing was sent`
  // Another proxy may be newer; another key there is not.
  return hasKey
    ? new PeerUnsuitable('ERR_ENCRYPTION_UNAVAILABLE', message, { ...options, isOptional })
    : new CocoonError('ERR_ENCRYPTION_UNAVAILABLE', message, options)
}

/** The proxy's word that it does not know a key (v3.md §2.8): the query was not run and is not charged. */
function isUnknownKey(error: unknown): error is CocoonError {
  return (
    CocoonError.is(error, 'ERR_QUERY_REFUSED') &&
    error.charged === 'no' &&
    (error.peerCode === undefined || error.peerCode === PEER_CODE_ERROR) &&
    error.peerText?.includes('unknown public key') === true
  )
}

function unknownToNetwork(cause: CocoonError): CocoonError {
  return new CocoonError('ERR_ENCRYPTION_UNAVAILABLE', 'the proxy knows none of the keys that the network publishes', {
    phase: 'envelope',
    retryable: true,
    httpStatus: 503,
    peerText: cause.peerText,
    peerCode: cause.peerCode,
    remedy: 'a proxy learns keys some seconds after its start: try again; the request is never repeated in clear',
    cause
  })
}
