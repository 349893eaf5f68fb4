/**
 * The one error type of the library: a closed set of string codes, the phase in which it happened, whether a repeat is
 * safe, and whether money may have moved.
 *
 * Owns: codes, phases, the base class, redaction of inspected output. Refuses: secrets or prompts in messages. Text that
 * a peer sent is kept apart in `peerText`, bounded and marked untrusted, and is never part of `message`.
 *
 * @module
 */

/** Every code the library can raise. Codes are API: they are added, never renamed. */
export const ERROR_CODES = [
  // caller
  'ERR_OPTIONS', // an option is missing, of the wrong type or out of range
  'ERR_ABORTED', // the caller's signal fired
  'ERR_TIMEOUT', // the caller's total budget ran out
  'ERR_CLOSED', // the client, session or stream was closed
  'ERR_UNSUPPORTED_RUNTIME', // this runtime lacks what the call needs
  'ERR_REQUEST_FIELD', // a request field that the network would refuse
  'ERR_REQUEST_INVALID', // a request that is not what the endpoint takes
  'ERR_REQUEST_TOO_LARGE', // the request would not fit into one frame
  // encoding
  'ERR_ENCODING', // hex, base64, UTF-8 or address text that does not parse
  'ERR_TL_DECODE',
  'ERR_TL_ENCODE',
  'ERR_DER',
  'ERR_X509',
  'ERR_FRAME_SIZE',
  'ERR_FRAME_SEQNO',
  'ERR_FRAME_TRUNCATED',
  // wire
  'ERR_DIAL', // the address could not be reached
  'ERR_CONNECTION_LOST', // the peer went away
  'ERR_POW_CHALLENGE', // the challenge is malformed
  'ERR_POW_DIFFICULTY', // the challenge is harder than the caller's cap
  'ERR_TLS',
  'ERR_TLS_CERTIFICATE_REJECTED', // end of stream right after the handshake: the peer refused our certificate or has no backend
  'ERR_ATTESTATION_REFUSED', // the verdict on the peer was negative
  'ERR_ATTESTATION_COLLATERAL', // collateral could not be fetched
  'ERR_HANDSHAKE',
  'ERR_PROTOCOL', // the peer broke the protocol
  'ERR_PROTOCOL_VERSION', // no common protocol version
  'ERR_AUTHORIZATION', // the proxy refused the account
  'ERR_AUTHORIZATION_LONG_REQUIRED', // the proxy wants a chain message and nobody can send one
  'ERR_IDLE_TIMEOUT', // no complete frame for the keep-alive limit
  'ERR_NO_PROXY', // no proxy could be used; `cause` holds the last failure
  // answers
  'ERR_QUERY_REFUSED', // the proxy or the worker answered with an error
  'ERR_UPSTREAM_HTTP', // the inference server behind the worker answered with an HTTP error status
  'ERR_STREAM_EMPTY', // HTTP 200 without one event
  'ERR_STREAM_TRUNCATED', // an answer without its final part
  'ERR_STREAM_INVALID', // an event that is not JSON
  'ERR_STREAM_ERROR_EVENT', // an event that carries an error object
  'ERR_ANSWER_INVALID', // an answer body that is not what the endpoint returns
  'ERR_ANSWER_TOO_LARGE',
  // envelope
  'ERR_ENVELOPE_KEY',
  'ERR_ENVELOPE_FIELD', // a request that cannot be encrypted without leaking or breaking the worker
  'ERR_ENVELOPE_DECRYPT',
  'ERR_ENVELOPE_PLAINTEXT', // clear text where ciphertext is due
  'ERR_ENVELOPE_SENDER',
  'ERR_ENCRYPTION_UNAVAILABLE', // encryption is required and the network publishes no usable key
  // money
  'ERR_CHAIN_UNAVAILABLE',
  'ERR_CHAIN_RESPONSE', // a chain API answered something impossible
  'ERR_CHAIN_PROOF',
  'ERR_CHAIN_QUORUM',
  'ERR_CONTRACT_STATE', // contract data that does not parse, or in a state that forbids the operation
  'ERR_CONTRACT_VERSION',
  'ERR_REGISTRY_STALE',
  'ERR_REGISTRY_MISMATCH', // an address that the root state does not derive
  'ERR_CHANNEL_STATE',
  'ERR_CHANNEL_RISK', // the plan can lose money and was not acknowledged
  'ERR_LIMIT_EXCEEDED',
  'ERR_LEDGER',
  'ERR_LEDGER_LOCKED',
  'ERR_SIGNATURE',
  'ERR_OVERCHARGE',
  'ERR_ACCOUNT', // account material that is weak, missing or cannot be decrypted
  // gateway and relay
  'ERR_GATEWAY', // the gateway answered something other than the API
  'ERR_GATEWAY_REDIRECT',
  'ERR_UNAUTHORIZED',
  'ERR_RELAY',
  'ERR_INTERNAL'
] as const

/** One of {@link ERROR_CODES}. */
export type ErrorCode = (typeof ERROR_CODES)[number]

/** Where in the life of a call the error happened, in the order in which a call passes through them. */
export type ErrorPhase =
  | 'options'
  | 'request'
  | 'encoding'
  | 'dial'
  | 'pow'
  | 'tls'
  | 'attestation'
  | 'handshake'
  | 'authorization'
  | 'query'
  | 'answer'
  | 'stream'
  | 'envelope'
  | 'chain'
  | 'registry'
  | 'channel'
  | 'ledger'
  | 'gateway'
  | 'relay'
  | 'close'

/** Whether the network may have charged for the call: `unknown` when the request left and no final answer came. */
export type Charged = 'no' | 'yes' | 'unknown'

/** Longest text of a peer kept in an error, in UTF-16 code units. */
export const PEER_TEXT_LIMIT = 4096

/** What {@link CocoonError} is made from. */
export interface CocoonErrorOptions {
  /** Where it happened. */
  readonly phase: ErrorPhase
  /** Whether the same call may succeed when repeated and cannot have been charged. Default `false`. */
  readonly retryable?: boolean | undefined
  /** Default `'no'`. */
  readonly charged?: Charged | undefined
  /** The peer's own words. Untrusted; cut to {@link PEER_TEXT_LIMIT}. */
  readonly peerText?: string | undefined
  /** The numeric code that the peer gave (TON codes: 601…653, 0 = none). */
  readonly peerCode?: number | undefined
  /** HTTP status that stands for this error in an OpenAI-shaped answer, or that the upstream gave. */
  readonly httpStatus?: number | undefined
  /** The request field concerned. */
  readonly field?: string | undefined
  /** What the caller can do about it. */
  readonly remedy?: string | undefined
  /** The error behind this one. */
  readonly cause?: unknown
}

const BRAND = Symbol.for('cocoonkit.error')

/**
 * Base of every error the library throws. `instanceof` fails across duplicate copies of the package;
 * {@link CocoonError.is} does not.
 *
 * `message` is ours and holds no request content; `peerText` is the peer's and must be treated as hostile input.
 */
export class CocoonError extends Error {
  /** Stable, machine-readable. */
  readonly code: ErrorCode
  readonly phase: ErrorPhase
  readonly retryable: boolean
  readonly charged: Charged
  /** The peer's own words, untrusted, at most {@link PEER_TEXT_LIMIT} long; absent when the peer said nothing. */
  readonly peerText?: string
  readonly peerCode?: number
  readonly httpStatus?: number
  readonly field?: string
  readonly remedy?: string

  constructor(code: ErrorCode, message: string, options: CocoonErrorOptions) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'CocoonError'
    this.code = code
    this.phase = options.phase
    this.retryable = options.retryable ?? false
    this.charged = options.charged ?? 'no'
    if (options.peerText !== undefined) this.peerText = options.peerText.slice(0, PEER_TEXT_LIMIT)
    if (options.peerCode !== undefined) this.peerCode = options.peerCode
    if (options.httpStatus !== undefined) this.httpStatus = options.httpStatus
    if (options.field !== undefined) this.field = options.field
    if (options.remedy !== undefined) this.remedy = options.remedy
    Object.defineProperty(this, BRAND, { value: true })
  }

  /** Whether a value is a {@link CocoonError} of any copy of the package; with `code`, of that code. */
  static is(value: unknown, code?: ErrorCode): value is CocoonError {
    if (typeof value !== 'object' || value === null) return false
    if ((value as { [BRAND]?: unknown })[BRAND] !== true) return false
    return code === undefined || (value as CocoonError).code === code
  }

  /** The value itself when it is ours, else wrapped with the given code and phase. */
  static from(value: unknown, code: ErrorCode, options: CocoonErrorOptions): CocoonError {
    if (CocoonError.is(value)) return value
    return new CocoonError(code, describeCause(value), { cause: value, ...options })
  }

  /** A plain object for logs: code, phase and flags; no stack, no cause. */
  toJSON(): Record<string, unknown> {
    const json: Record<string, unknown> = {
      name: this.name,
      code: this.code,
      message: this.message,
      phase: this.phase,
      retryable: this.retryable,
      charged: this.charged
    }
    for (const key of ['peerText', 'peerCode', 'httpStatus', 'field', 'remedy'] as const) {
      if (this[key] !== undefined) json[key] = this[key]
    }
    return json
  }
}

/** One line about an unknown thrown value, without its stack. */
function describeCause(value: unknown): string {
  if (value instanceof Error && value.message !== '') return value.message
  return 'unexpected failure'
}
