/**
 * `cocoonkit`: the client of the COCOON network. Loads in every runtime; the platform is chosen by the `#runtime` import
 * conditions of the package.
 *
 * @module
 */
import { runtime } from '#runtime'
import {
  CocoonClient,
  type CocoonOptions,
  probe as probeWith,
  type ProbeOptions,
  type ProbeReport
} from './client/index.js'

/**
 * A client of the COCOON network with OpenAI's resources. Nothing is connected before the first call. Safe to use in
 * parallel; close it when done.
 *
 * @example
 * ```ts
 * await using cocoon = new Cocoon({
 *   network: { proxies: ['203.0.113.7:8888'] },
 *   account: { owner: 'UQ…', secret },
 *   attestation: policy
 * })
 * const stream = await cocoon.chat.completions.create({ model, messages, stream: true })
 * for await (const chunk of stream) console.log(chunk.choices[0]?.delta.content)
 * ```
 */
export class Cocoon extends CocoonClient {
  /**
   * @param options - See {@link CocoonOptions}: `network` and `account` are required, and without `attestation` every peer
   * is refused; or `gateway`, which needs neither.
   * @throws CocoonError `ERR_OPTIONS` with the option's path in `field`.
   */
  constructor(options: CocoonOptions) {
    super(options, runtime)
  }
}

/**
 * Tries one proxy step by step (dial, proof of work, TLS, verdict, and on request handshake and authorisation) and reports
 * each with its time. A failure is in the report, not thrown.
 *
 * @throws CocoonError `ERR_OPTIONS` for an address that does not parse.
 */
export function probe(options: ProbeOptions): Promise<ProbeReport> {
  return probeWith(options, runtime)
}

export type {
  AccountOptions,
  CallOptions,
  CocoonOptions,
  EncryptionKey,
  EncryptionKeySource,
  EncryptionMode,
  EncryptionReport,
  GatewayHeaders,
  GatewayOptions,
  GivenRoot,
  IdleOptions,
  Market,
  NetworkEvent,
  NetworkEventListener,
  NetworkOptions,
  ParamsChange,
  PaymentOptions,
  ProbeOptions,
  ProbePhase,
  ProbePhaseName,
  ProbeReport,
  ProxyCandidate,
  ProxyState,
  QuoteOptions,
  RegistryAttestationOptions,
  RequestQuote,
  RuntimeOptions,
  SelectProxies,
  UsableEncryptionKey
} from './client/index.js'
export {
  type AnswerContext,
  type AnswerLimits,
  type CallFigures,
  type CallPromise,
  type ChatCompletion,
  type ChatCompletionChunk,
  type ChatCompletionRequest,
  type ChatMessage,
  ChunkStream,
  type Completion,
  type CompletionRequest,
  type ContentPart,
  type CreateFunction,
  EmptyStreamError,
  type EndpointPath,
  type FetchFunction,
  type FileInput,
  type Model,
  type ModelList,
  type ModelOptions,
  type ObjectRule,
  PROTO_2_RULES,
  PROTO_3_RULES,
  type RequestOptions,
  type RequestRules,
  type Rule,
  type RulesOption,
  type SharedRequestFields,
  type StreamResult,
  type Transcription,
  type TranscriptionEvent,
  type TranscriptionRequest,
  TruncatedStreamError,
  type Usage,
  type WholeResult
} from './client/openai/surface/index.js'
export {
  type Charged,
  CocoonError,
  type CocoonErrorOptions,
  ERROR_CODES,
  type ErrorCode,
  type ErrorPhase,
  PEER_TEXT_LIMIT
} from './errors.js'
export type { ByteStream, Dialer, DialTarget } from './runtime/ports/byte-stream.js'
export type { CancelTimer, Clock, Random, YieldToEventLoop } from './runtime/ports/clock.js'
export type { InferencePeer, TokensUsed, WorkerInstance, WorkerType } from './runtime/ports/inference.js'
export type { ProofOfWorkContext, ProofOfWorkTask, SolveProofOfWork } from './runtime/ports/proof-of-work.js'
export type { PaymentNote, PaymentObserver, RequestSettlement } from './runtime/ports/receipt.js'
export type { JudgeCertificate, TlsConnectOptions, TlsEngine } from './runtime/ports/tls-engine.js'
export type {
  AttestationCheck,
  AttestationReport,
  AttestationResidual,
  CheckOutcome,
  EvidenceKind,
  PeerEvidence,
  Verdict,
  VerdictPolicy
} from './runtime/ports/verdict.js'
export { AttestationRefusedError } from './runtime/ports/attestation-refused-error.js'
export type { LongAuthorizationOffer, ProxyParams } from './wire/session/index.js'
