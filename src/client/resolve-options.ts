/**
 * Turns options as given into settings that hold: defaults filled in, every value checked, text parsed.
 *
 * @module
 */
import { formatAddress, parseAddress } from '../encoding/address.js'
import { encodeUtf8 } from '../encoding/utf8.js'
import { CocoonError } from '../errors.js'
import type { Runtime } from '../runtime/ports/runtime.js'
import type { TlsEngine } from '../runtime/ports/tls-engine.js'
import type { VerdictPolicy } from '../runtime/ports/verdict.js'
import type { EncryptionKeySource, EncryptionMode } from './encryption/index.js'
import { type GatewayEndpoint, type GatewayOptions, parseEndpoint } from './gateway/index.js'
import type { RegistryAttestationOptions } from './money/options.js'
import type { RegistrySource } from './money/registry-pools.js'
import { DEFAULT_CONNECT_STALL_MS, type ConnectorSettings, type ProxyAddress } from './network/index.js'
import {
  checkDuration,
  checkFunction,
  checkInteger,
  checkKeys,
  checkObject,
  checkPort,
  optionError
} from './option-checks.js'
import type { CocoonOptions } from './options.js'
import { resolveNetwork } from './resolve-network.js'
import { pureTlsEngine } from './tls-engine.js'

/** What connections take from a root state. */
export interface RootFlags {
  readonly isTest: boolean
  readonly configVersion: number
}

/** Options after checking. Holds the secret: never log it. */
export interface ResolvedOptions {
  /** How requests travel. */
  readonly carrier:
    | {
        readonly kind: 'direct'
        /** Settings under what a root state says; without one, under what the options say. */
        readonly connector: (state?: RootFlags) => ConnectorSettings
        readonly proxies: readonly ProxyAddress[]
        /** Options of a policy that takes its list from the root contract. */
        readonly attestation: RegistryAttestationOptions | undefined
      }
    | {
        readonly kind: 'gateway'
        readonly endpoint: GatewayEndpoint
        readonly options: Pick<GatewayOptions, 'headers' | 'fetch'>
      }
  readonly root: RegistrySource | undefined
  readonly hasPayments: boolean
  readonly platform: Pick<ConnectorSettings, 'clock' | 'random'>
  readonly isTest: boolean
  readonly timeoutMs: number
  readonly pricePerTokenNano: bigint | undefined
  readonly encryption: {
    readonly mode: EncryptionMode
    readonly keys: EncryptionKeySource | undefined
    readonly padTo: number | undefined
  }
}

/** Total budget of a call by default, milliseconds. */
export const DEFAULT_TIMEOUT_MS = 120_000

/** Refuses everybody. Loaded when the first peer is judged, since it brings the whole table of checks. */
const refuseByDefault: VerdictPolicy = {
  name: 'refuse-all',
  judge: async (peer, options) => (await import('../attestation/refuse/index.js')).refuseAll().judge(peer, options)
}

const OPTION_NAMES = [
  'network',
  'account',
  'gateway',
  'encryption',
  'encryptionPadTo',
  'attestation',
  'chain',
  'payments',
  'timeoutMs',
  'maxCoefficient',
  'reservedTokens',
  'rules',
  'translate',
  'streamFallback',
  'tools',
  'jsonMode',
  'select',
  'onEvent',
  'observer',
  'authorizeLong',
  'maxPowDifficultyBits',
  'connectStallMs',
  'idle',
  'runtime'
] as const satisfies ReadonlyArray<keyof CocoonOptions>

/**
 * Checks options. Looks at nothing outside: no network, no clock.
 *
 * @throws CocoonError `ERR_OPTIONS` with the option's path in `field`.
 */
export function resolveOptions(options: CocoonOptions, runtime: Runtime): ResolvedOptions {
  checkKeys(checkObject(options, 'options'), '', OPTION_NAMES)
  const isDirect = options.gateway === undefined
  const network = resolveNetwork(options, isDirect)
  const { isTest, configVersion, proxies, pricePerTokenNano, encryptionKeys, root } = network
  checkFunction(options.select, 'select')
  checkFunction(options.onEvent, 'onEvent')
  checkFunction(options.authorizeLong, 'authorizeLong')
  checkPort(options.observer, 'observer')
  const { policy, fromRoot } = resolveAttestation(options.attestation, root)
  if (options.payments !== undefined) {
    const payments = checkObject(options.payments, 'payments')
    checkKeys(payments, 'payments', PAYMENT_OPTION_NAMES)
    checkPort(options.payments.ledger, 'payments.ledger', 'reserve', 'settle', 'recordReceipt')
    if (options.payments.ledger === undefined) throw optionError('payments.ledger', 'is missing')
  }
  const shared = {
    root,
    hasPayments: options.payments !== undefined,
    isTest: isTest ?? false,
    pricePerTokenNano,
    timeoutMs: checkDuration(options.timeoutMs, 'timeoutMs', DEFAULT_TIMEOUT_MS),
    encryption: resolveEncryption(options, encryptionKeys, isDirect)
  }
  const platform = resolveRuntime(options.runtime, runtime)
  if (options.gateway !== undefined) return { ...shared, platform, carrier: resolveGateway(options) }
  const settings = {
    ...platform,
    policy,
    maxPowDifficultyBits: checkInteger(options.maxPowDifficultyBits, 'maxPowDifficultyBits', {
      min: 0,
      max: 64,
      default: undefined
    }),
    connectStallMs: checkDuration(options.connectStallMs, 'connectStallMs', DEFAULT_CONNECT_STALL_MS),
    session: {
      ...(options.authorizeLong !== undefined && { authorizeLong: options.authorizeLong }),
      ...(options.observer !== undefined && { observer: options.observer }),
      limits: resolveIdle(options.idle)
    }
  }
  // Whether the network is a test network may show only in its root state; then the account is looked at again.
  const connector = (
    state: RootFlags = { isTest: isTest ?? root !== undefined, configVersion }
  ): ConnectorSettings => ({
    ...settings,
    session: { ...state, ...account(state.isTest), ...settings.session }
  })
  const account = (forTest: boolean): { owner: string; secret?: Uint8Array } => resolveAccount(given, forTest)
  const given = keepAccount(options.account)
  connector()
  return { ...shared, platform, carrier: { kind: 'direct', connector, proxies, attestation: fromRoot } }
}

const PAYMENT_OPTION_NAMES = [
  'ledger',
  'limits',
  'assumedCompletionTokens',
  'overcharge',
  'exclusive',
  'prices',
  'onReceipt',
  'onParamsChange',
  'onOvercharge'
] as const

/** A policy, or the options of one that needs a root contract for its list. */
function resolveAttestation(
  given: CocoonOptions['attestation'],
  root: RegistrySource | undefined
): { readonly policy: VerdictPolicy; readonly fromRoot: RegistryAttestationOptions | undefined } {
  if (given === undefined) return { policy: refuseByDefault, fromRoot: undefined }
  checkObject(given, 'attestation')
  if ('judge' in given) return { policy: checkPort(given, 'attestation', 'judge'), fromRoot: undefined }
  if (!('collateral' in given)) throw optionError('attestation', 'must be a policy, or have collateral')
  if (root === undefined) {
    throw optionError(
      'attestation',
      'has no image hashes',
      'Use a network with a root contract, or createAttestationPolicy.'
    )
  }
  return { policy: refuseByDefault, fromRoot: given }
}

/** The account as given now: bytes that the caller wipes or reuses later must not change it. */
function keepAccount(account: unknown): unknown {
  const given = checkObject(account, 'account')
  const { secret } = given
  return secret instanceof Uint8Array ? { ...given, secret: secret.slice() } : { ...given }
}

const MODES: readonly unknown[] = ['required', 'preferred', 'off']

function resolveEncryption(
  { encryption, encryptionPadTo }: CocoonOptions,
  keys: EncryptionKeySource | undefined,
  isDirect: boolean
): ResolvedOptions['encryption'] {
  if (encryption !== undefined && !MODES.includes(encryption))
    throw optionError('encryption', "must be 'required', 'preferred' or 'off'")
  const padTo = checkInteger(encryptionPadTo, 'encryptionPadTo', { min: 16, max: 240, default: undefined })
  if (padTo !== undefined && padTo % 16 !== 0) throw optionError('encryptionPadTo', 'must be a multiple of 16')
  return { mode: encryption ?? (isDirect ? 'preferred' : 'required'), keys, padTo }
}

/** Options that mean something only where this client itself connects: with a gateway they would be without effect. */
const DIRECT_ONLY = [
  'account',
  'attestation',
  'select',
  'onEvent',
  'observer',
  'authorizeLong',
  'maxPowDifficultyBits',
  'connectStallMs',
  'idle'
] as const satisfies ReadonlyArray<keyof CocoonOptions>

function resolveGateway(options: CocoonOptions): ResolvedOptions['carrier'] {
  for (const name of DIRECT_ONLY) {
    if (options[name] !== undefined)
      throw optionError(name, 'has no use with a gateway', 'Leave it out, or leave out gateway.')
  }
  const { gateway } = options
  if (typeof gateway === 'string' || gateway instanceof URL)
    return { kind: 'gateway', endpoint: parseEndpoint(gateway, 'gateway'), options: {} }
  const given = checkObject(gateway, 'gateway')
  checkKeys(given, 'gateway', ['url', 'headers', 'fetch'])
  const { url, headers, fetch } = given as unknown as GatewayOptions
  if (headers !== undefined && typeof headers !== 'function') checkObject(headers, 'gateway.headers')
  return {
    kind: 'gateway',
    endpoint: parseEndpoint(url, 'gateway.url'),
    options: { headers, fetch: checkFunction(fetch, 'gateway.fetch') }
  }
}

function resolveAccount(account: unknown, isTest: boolean): { owner: string; secret?: Uint8Array } {
  const given = checkObject(account, 'account')
  checkKeys(given, 'account', ['owner', 'secret'])
  const owner = resolveOwner(given['owner'], isTest)
  const { secret } = given
  if (secret === undefined) return { owner }
  if (typeof secret !== 'string' && !(secret instanceof Uint8Array)) {
    throw optionError('account.secret', 'must be a string or a Uint8Array')
  }
  // A copy: bytes that the caller wipes or reuses later must not change the account.
  const bytes = typeof secret === 'string' ? encodeUtf8(secret) : secret.slice()
  if (bytes.length === 0 && !isTest) {
    throw optionError(
      'account.secret',
      'is empty',
      'Anybody could use the account. Set a secret of 32 random bytes on chain.'
    )
  }
  return { owner, secret: bytes }
}

/** The reference's own spelling, since the proxy of the reference compares text in places (session.md §3). */
function resolveOwner(owner: unknown, isTest: boolean): string {
  if (typeof owner !== 'string') throw optionError('account.owner', 'must be the address of the owner wallet')
  try {
    return formatAddress(parseAddress(owner), { bounceable: false, testOnly: isTest, urlSafe: true })
  } catch (cause) {
    throw new CocoonError('ERR_OPTIONS', 'option account.owner is not a TON address', {
      phase: 'options',
      field: 'account.owner',
      cause
    })
  }
}

function resolveIdle(idle: unknown): { pingAfterMs?: number; deadAfterMs?: number } {
  if (idle === undefined) return {}
  const given = checkObject(idle, 'idle')
  checkKeys(given, 'idle', ['pingAfterMs', 'deadAfterMs'])
  const pingAfterMs = checkDuration(given['pingAfterMs'], 'idle.pingAfterMs', undefined)
  const deadAfterMs = checkDuration(given['deadAfterMs'], 'idle.deadAfterMs', undefined)
  if (pingAfterMs !== undefined && deadAfterMs !== undefined && deadAfterMs <= pingAfterMs) {
    throw optionError('idle.deadAfterMs', 'must be longer than idle.pingAfterMs')
  }
  return { ...(pingAfterMs !== undefined && { pingAfterMs }), ...(deadAfterMs !== undefined && { deadAfterMs }) }
}

function resolveRuntime(
  overrides: CocoonOptions['runtime'],
  runtime: Runtime
): Pick<ConnectorSettings, 'dialer' | 'engine' | 'clock' | 'random' | 'yieldToEventLoop' | 'solvePow'> {
  const given = overrides ?? {}
  checkKeys(checkObject(given, 'runtime'), 'runtime', ['dialer', 'tls', 'clock', 'random', 'solvePow'])
  return {
    dialer: checkPort(given.dialer, 'runtime.dialer', 'dial') ?? runtime.dialer,
    engine: resolveEngine(given.tls, runtime),
    clock: checkPort(given.clock, 'runtime.clock', 'now', 'monotonic', 'setTimer') ?? runtime.clock,
    random: checkPort(given.random, 'runtime.random', 'bytes') ?? runtime.random,
    yieldToEventLoop: runtime.yieldToEventLoop,
    solvePow: checkFunction(given.solvePow, 'runtime.solvePow')
  }
}

function resolveEngine(tls: unknown, runtime: Runtime): TlsEngine | undefined {
  if (tls === undefined || tls === 'pure') return pureTlsEngine
  if (tls === 'native') return runtime.nativeTls
  if (typeof tls === 'string') throw optionError('runtime.tls', "must be 'native', 'pure' or a TLS engine")
  return checkPort(tls as TlsEngine, 'runtime.tls', 'connect')
}
