/**
 * Turns options as given into settings that hold: defaults filled in, every value checked, text parsed.
 *
 * @module
 */
import { encodeUtf8, formatAddress, parseAddress } from '../encoding/index.js'
import { CocoonError } from '../errors.js'
import type { Runtime } from '../runtime/ports/runtime.js'
import type { TlsEngine } from '../runtime/ports/tls-engine.js'
import type { VerdictPolicy } from '../runtime/ports/verdict.js'
import {
  DEFAULT_CONNECT_STALL_MS,
  parseProxyAddress,
  type ConnectorSettings,
  type ProxyAddress
} from './network/index.js'
import {
  checkBoolean,
  checkDuration,
  checkFunction,
  checkInteger,
  checkKeys,
  checkObject,
  checkPort,
  optionError
} from './option-checks.js'
import type { CocoonOptions } from './options.js'
import { pureTlsEngine } from './tls-engine.js'

/** Options after checking. Holds the secret: never log it. */
export interface ResolvedOptions {
  readonly connector: ConnectorSettings
  readonly proxies: readonly ProxyAddress[]
  readonly timeoutMs: number
  readonly pricePerTokenNano: bigint | undefined
}

/** Total budget of a call by default, milliseconds. */
export const DEFAULT_TIMEOUT_MS = 120_000

/** Refuses everybody. Loaded when the first peer is judged, since it brings the whole table of checks. */
const refuseByDefault: VerdictPolicy = {
  name: 'refuse-all',
  judge: async (peer, options) => (await import('../attestation/index.js')).refuseAll().judge(peer, options)
}

const UINT32_MAX = 0xffff_ffff

const OPTION_NAMES = [
  'network',
  'account',
  'attestation',
  'timeoutMs',
  'maxCoefficient',
  'reservedTokens',
  'rules',
  'translate',
  'streamFallback',
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
  const { isTest, configVersion, proxies, pricePerTokenNano } = resolveNetwork(options.network)
  checkFunction(options.select, 'select')
  checkFunction(options.onEvent, 'onEvent')
  checkFunction(options.authorizeLong, 'authorizeLong')
  checkPort(options.observer, 'observer')
  checkPort(options.attestation, 'attestation', 'judge')
  return {
    proxies,
    pricePerTokenNano,
    timeoutMs: checkDuration(options.timeoutMs, 'timeoutMs', DEFAULT_TIMEOUT_MS),
    connector: {
      ...resolveRuntime(options.runtime, runtime),
      policy: options.attestation ?? refuseByDefault,
      maxPowDifficultyBits: checkInteger(options.maxPowDifficultyBits, 'maxPowDifficultyBits', {
        min: 0,
        max: 64,
        default: undefined
      }),
      connectStallMs: checkDuration(options.connectStallMs, 'connectStallMs', DEFAULT_CONNECT_STALL_MS),
      session: {
        isTest,
        configVersion,
        ...resolveAccount(options.account, isTest),
        ...(options.authorizeLong !== undefined && { authorizeLong: options.authorizeLong }),
        ...(options.observer !== undefined && { observer: options.observer }),
        limits: resolveIdle(options.idle)
      }
    }
  }
}

interface ResolvedNetwork extends Pick<ResolvedOptions, 'proxies' | 'pricePerTokenNano'> {
  readonly isTest: boolean
  readonly configVersion: number
}

/** Unknown fields are let pass: a network description may carry more than a connection needs. */
function resolveNetwork(network: unknown): ResolvedNetwork {
  const { isTest, configVersion, proxies, pricePerTokenNano } = checkObject(network, 'network')
  if (pricePerTokenNano !== undefined && (typeof pricePerTokenNano !== 'bigint' || pricePerTokenNano < 0n)) {
    throw optionError('network.pricePerTokenNano', 'must be a bigint of nanotons, not negative')
  }
  if (!Array.isArray(proxies) || proxies.length === 0) {
    throw optionError('network.proxies', 'must name at least one proxy', "For example ['203.0.113.7:8888'].")
  }
  const parsed = new Map<string, ProxyAddress>()
  for (const [index, text] of (proxies as unknown[]).entries()) {
    const address = parseProxyAddress(text, `network.proxies[${index}]`)
    parsed.set(address.text, address)
  }
  return {
    isTest: checkBoolean(isTest, 'network.isTest', false),
    configVersion: checkInteger(configVersion, 'network.configVersion', { min: 0, max: UINT32_MAX, default: 0 }),
    proxies: [...parsed.values()],
    pricePerTokenNano
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
): Pick<ConnectorSettings, 'dialer' | 'engine' | 'clock' | 'random' | 'yieldToEventLoop'> {
  const given = overrides ?? {}
  checkKeys(checkObject(given, 'runtime'), 'runtime', ['dialer', 'tls', 'clock', 'random'])
  return {
    dialer: checkPort(given.dialer, 'runtime.dialer', 'dial') ?? runtime.dialer,
    engine: resolveEngine(given.tls, runtime),
    clock: checkPort(given.clock, 'runtime.clock', 'now', 'monotonic', 'setTimer') ?? runtime.clock,
    random: checkPort(given.random, 'runtime.random', 'bytes') ?? runtime.random,
    yieldToEventLoop: runtime.yieldToEventLoop
  }
}

function resolveEngine(tls: unknown, runtime: Runtime): TlsEngine | undefined {
  if (tls === undefined || tls === 'pure') return pureTlsEngine
  if (tls === 'native') return runtime.nativeTls
  if (typeof tls === 'string') throw optionError('runtime.tls', "must be 'native', 'pure' or a TLS engine")
  return checkPort(tls as TlsEngine, 'runtime.tls', 'connect')
}
