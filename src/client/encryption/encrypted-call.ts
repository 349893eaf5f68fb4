/**
 * Calls over a carrier with what may be encrypted encrypted. Loaded by the first call for which there may be a key.
 * A request that was sent encrypted is never repeated in clear.
 *
 * @module
 */
import { CocoonError } from '../../errors.js'
import type { InferenceAnswer, InferencePeer, InferenceTransport } from '../../runtime/ports/inference.js'
import { type SealedRequest, sealRequest } from './seal.js'
import { markEncrypted } from './mark-encrypted.js'
import { openAnswer } from './open-answer.js'
import type { EncryptionKeySource, EncryptionMode, EncryptionReport, EncryptionSettings } from './types.js'
import { findUsableKeys } from './usable-keys.js'

/** First protocol version that knows encrypted requests (v3.md §1.2). */
const FIRST_VERSION = 3
/** Keys that one call tries: the proxy may not know the newest yet. */
const MAX_KEYS_PER_CALL = 4
const PEER_CODE_ERROR = 602

/** Sends one request, to the first key that the network knows. */
export async function sendEncrypted(
  inner: InferenceTransport,
  settings: EncryptionSettings,
  [prepare, budget]: Parameters<InferenceTransport['send']>
): Promise<InferenceAnswer> {
  const keys = await findUsableKeys({
    source: settings.keys,
    isTest: settings.isTest,
    nowMs: settings.clock.now(),
    remainingMs: budget.remainingMs()
  })
  for (let attempt = 0; ; attempt++) {
    const key = keys[attempt]
    let sealed: SealedRequest | undefined
    let isCallers = false
    try {
      const answer = await inner.send(async (peer) => {
        sealed = undefined
        const request = await prepare(peer)
        // Encrypted by the caller, who alone can open the answer.
        isCallers = request.networkPublicKey !== undefined
        if (isCallers) return request
        const obstacle = findObstacle(key, peer)
        if (key === undefined || obstacle !== undefined) {
          if (settings.mode === 'required' || attempt > 0) throw unavailable(obstacle ?? 'no key is usable')
          return request
        }
        sealed = await sealRequest(request, key.publicKey, settings)
        return sealed.request
      }, budget)
      if (isCallers) return markEncrypted(answer, answer.parts)
      return sealed === undefined ? answer : openAnswer(answer, sealed)
    } catch (error) {
      if (sealed === undefined || !isUnknownKey(error)) throw error
      if (attempt + 1 === Math.min(keys.length, MAX_KEYS_PER_CALL)) throw unknownToNetwork(error)
    }
  }
}

/** What encryption does for a client. @throws CocoonError `ERR_OPTIONS` | `ERR_ENCRYPTION_UNAVAILABLE` as a call would. */
export async function reportEncryption(
  mode: EncryptionMode,
  keys: EncryptionKeySource | undefined,
  query: { readonly isTest: boolean; readonly nowMs: number; readonly remainingMs: number }
): Promise<EncryptionReport> {
  return {
    mode,
    usableKeys: await findUsableKeys({ source: keys, ...query }),
    keySource: keys === undefined ? 'none' : typeof keys === 'function' ? 'function' : 'given',
    readableBy: [
      'the key manager of the network',
      'every proxy and every worker that runs an image of the root contract',
      'the inference server behind the worker'
    ],
    staysReadable: [
      'model',
      'names of fields',
      'numbers',
      'truth values',
      'lengths of lists and, roughly, of texts',
      'times and sizes'
    ]
  }
}

function findObstacle(key: unknown, peer: InferencePeer): string | undefined {
  if (key === undefined) return 'the network publishes no usable key'
  if (peer.protocolVersion < FIRST_VERSION) return 'the proxy speaks a protocol version without encryption'
  return undefined
}

function unavailable(reason: string): CocoonError {
  return new CocoonError('ERR_ENCRYPTION_UNAVAILABLE', `encryption is required, but ${reason}; nothing was sent`, {
    phase: 'envelope',
    httpStatus: 503,
    remedy:
      "give network.encryptionKeys from the network's root contract, or choose a direct, attested connection with encryption 'preferred' or 'off'"
  })
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
