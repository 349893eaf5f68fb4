/**
 * `CocoonClient`: composition, options, life cycle. Everything but the platform, which the entries pass in.
 *
 * @module
 */
export { CocoonClient, type CallOptions, type Market } from './cocoon-client.js'
export type {
  EncryptionKey,
  EncryptionKeySource,
  EncryptionMode,
  EncryptionReport,
  UsableEncryptionKey
} from './encryption/index.js'
export type { GatewayHeaders, GatewayOptions } from './gateway/index.js'
export type { GivenRoot, ParamsChange, PaymentOptions, RegistryAttestationOptions } from './money/options.js'
export type { QuoteOptions, RequestQuote } from './money/quote.js'
export type { NetworkEvent, NetworkEventListener, ProxyCandidate, ProxyState, SelectProxies } from './network/index.js'
export type { AccountOptions, CocoonOptions, IdleOptions, NetworkOptions, RuntimeOptions } from './options.js'
export { probe, type ProbeOptions, type ProbePhase, type ProbePhaseName, type ProbeReport } from './probe.js'
