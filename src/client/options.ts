/**
 * Options of the client. One interface; every field says its unit, its default and what `undefined` means. An explicit
 * `undefined` always means the default.
 *
 * @module
 */
import type { ChainReader } from '../payments/chain/index.js'
import type { TonAddress } from '../encoding/index.js'
import type { Dialer } from '../runtime/ports/byte-stream.js'
import type { Clock, Random } from '../runtime/ports/clock.js'
import type { SolveProofOfWork } from '../runtime/ports/proof-of-work.js'
import type { PaymentObserver } from '../runtime/ports/receipt.js'
import type { TlsEngine } from '../runtime/ports/tls-engine.js'
import type { VerdictPolicy } from '../runtime/ports/verdict.js'
import type { LongAuthorizationOffer } from '../wire/session/index.js'
import type { EncryptionKeySource, EncryptionMode } from './encryption/index.js'
import type { GatewayOptions } from './gateway/index.js'
import type { GivenRoot, PaymentOptions, RegistryAttestationOptions } from './money/options.js'
import type { NetworkEventListener, SelectProxies } from './network/index.js'
import type { CallDefaults, OpenAISurfaceOptions } from './openai/surface/index.js'

/**
 * Which network, and where its proxies are: named directly, or learnt from its root contract (`mainnet` and `testnet()` of
 * `cocoonkit/ton` with the option `chain`, or `root`). With a root contract, proxies, versions, prices and keys come from
 * its state, and the contracts that a proxy names are compared with it before the secret leaves.
 */
export interface NetworkOptions {
  /** The root contract with its state as bytes; needs no `chain`, and grows old. */
  readonly root?: GivenRoot | undefined
  /** Address of the root contract, to be read through `chain`. */
  readonly rootAddress?: string | TonAddress | undefined
  /** State of that root contract; with `chain`, the oldest one that is accepted. */
  readonly state?: Uint8Array | undefined
  /** Shown in attestation reports. Default `given root`. */
  readonly name?: string | undefined
  /**
   * Whether this is a test network; must equal the proxy's flag. Default `false`; with a root contract, what that says.
   */
  readonly isTest?: boolean | undefined
  /**
   * Lowest root contract `version` that a proxy must have active (not `params_version`), 0…4,294,967,295. Default 0 = any;
   * with a root contract, its own.
   */
  readonly configVersion?: number | undefined
  /** Proxies as `host:port` or `[ipv6]:port`, at least one, in order of preference. Required without a gateway and a root contract. */
  readonly proxies?: readonly string[] | undefined
  /** Nanotons per adjusted token, for `costNano` of answers. Default: unknown, and so is the cost unless the answer tells it. */
  readonly pricePerTokenNano?: bigint | undefined
  /**
   * Keys that the network's root contract publishes for end-to-end encryption, from a source that you trust (never from a
   * gateway). Default: none. The published test key counts only when `isTest`.
   */
  readonly encryptionKeys?: EncryptionKeySource | undefined
}

/** Who pays. */
export interface AccountOptions {
  /**
   * The wallet contract that owns the client contract (not the person's own wallet): any friendly form or `wc:hex`. Required.
   */
  readonly owner: string
  /**
   * The account secret: bytes, or a string that stands for its UTF-8 bytes. It leaves only after a positive verdict, and
   * only to a proxy that offers its SHA-256. `undefined` = none: only long authorisation works. Empty is refused outside
   * test networks, since everybody knows the hash of nothing.
   */
  readonly secret?: string | Uint8Array | undefined
}

/** Keep-alive of an idle connection. */
export interface IdleOptions {
  /** Silence after which a ping is sent, milliseconds. Default 10,000. */
  readonly pingAfterMs?: number | undefined
  /** Silence after which the connection counts as dead, milliseconds. Default 20,000. */
  readonly deadAfterMs?: number | undefined
}

/** Replacements for parts of the platform. Every field: `undefined` = what the runtime has. */
export interface RuntimeOptions {
  /** Opens byte streams. Default: the runtime's TCP. */
  readonly dialer?: Dialer | undefined
  /**
   * Which TLS engine. Default `'pure'`, the same on every runtime: it judges the peer before the own certificate leaves.
   * `'native'` is the runtime's own where it has one (Node), and judges before the first byte of application data.
   */
  readonly tls?: 'native' | 'pure' | TlsEngine | undefined
  readonly clock?: Clock | undefined
  readonly random?: Random | undefined
  /**
   * Does the proof of work. Default: this thread, in slices of a few milliseconds. `solvePowInWorker` of
   * `cocoonkit/browser` uses a Web Worker.
   */
  readonly solvePow?: SolveProofOfWork | undefined
}

/** Options of {@link CocoonClient}. */
export interface CocoonOptions extends Pick<CallDefaults, 'translate' | 'streamFallback' | 'tools' | 'jsonMode'> {
  /** Required without a gateway. */
  readonly network?: NetworkOptions | undefined
  /** Required without a gateway, which pays by itself. */
  readonly account?: AccountOptions | undefined
  /**
   * Sends requests through this gateway instead of directly; a text is its URL. Options about account, attestation and
   * connections have no use then and are refused.
   */
  readonly gateway?: string | URL | GatewayOptions | undefined
  /**
   * End-to-end encryption; see {@link EncryptionMode}. Default: `'required'` with a gateway, which could read every prompt
   * otherwise, and `'preferred'` without one, where the connection itself ends in an attested proxy.
   */
  readonly encryption?: EncryptionMode | undefined
  /** Hides lengths of encrypted strings: ciphertext in multiples of this many bytes, 16 to 240. Default 16. */
  readonly encryptionPadTo?: number | undefined
  /**
   * Judges each peer before anything is sent to it. Default: refuses everybody, until a policy says whom to trust
   * (`createAttestationPolicy` of `cocoonkit/attestation`; for test peers `acceptAnyPeer()` of `cocoonkit/unsafe`).
   * On a network with a root contract, the options of a policy without its list are enough: `{ collateral: intelPcs() }`
   * accepts the image hashes that the root contract names, and reports say how its state is known.
   */
  readonly attestation?: VerdictPolicy | RegistryAttestationOptions | undefined
  /** Reads the chain, for networks with a root contract; adapters are in `cocoonkit/ton`. Default: none. */
  readonly chain?: ChainReader | undefined
  /** Receipts and caps; see {@link PaymentOptions}. Default: none. */
  readonly payments?: PaymentOptions | undefined
  /**
   * Total budget of one call, from the call to the last chunk: dial, proof of work, TLS, authorisation, streaming.
   * Milliseconds, > 0. Default 120,000. Overridden per request.
   */
  readonly timeoutMs?: number | undefined
  /** Highest worker price coefficient accepted, 1/1000, 0…2^31 − 1. Default 4000 (four times the base price), as the reference. */
  readonly maxCoefficient?: number | undefined
  /**
   * Tokens reserved per request when its body sets no limit, 0…2^31 − 1. Default 10,000, as the newer reference. Does not
   * limit the answer.
   */
  readonly reservedTokens?: number | undefined
  /** Request rules. Default `'auto'`: those of the peer's protocol version, chosen after the handshake. */
  readonly rules?: OpenAISurfaceOptions['rules']
  /** Orders, prefers or denies proxies for each call. Default: the standing connection, then the order given. */
  readonly select?: SelectProxies | undefined
  /** Watches phases, times, sizes and codes. Never sees bodies or secrets; what it throws is ignored. Default: nobody. */
  readonly onEvent?: NetworkEventListener | undefined
  /** Watches payment notes and the end of each request. Default: nobody. */
  readonly observer?: PaymentObserver | undefined
  /**
   * Sends the register message of a long authorisation (it costs coins). Default: none; a proxy that asks for it is then
   * `ERR_AUTHORIZATION_LONG_REQUIRED`.
   */
  readonly authorizeLong?: ((offer: LongAuthorizationOffer) => Promise<void>) | undefined
  /** Hardest proof of work accepted, bits, 0…64. Default 28, as the reference: some 30 s of work. */
  readonly maxPowDifficultyBits?: number | undefined
  /**
   * Longest time without progress while connecting, before the next proxy gets its turn, milliseconds. Default 15,000.
   */
  readonly connectStallMs?: number | undefined
  readonly idle?: IdleOptions | undefined
  readonly runtime?: RuntimeOptions | undefined
}
