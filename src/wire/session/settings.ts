/**
 * Session options with their defaults filled in and checked.
 *
 * @module
 */
import { parseAddress, type TonAddress } from '../../encoding/index.js'
import { CocoonError } from '../../errors.js'
import { MAX_FRAME_PAYLOAD_BYTES } from '../frames/index.js'
import type { SessionLimits, SessionOptions } from './types.js'

/** {@link SessionLimits} without gaps. */
export type ResolvedLimits = { readonly [Name in keyof SessionLimits]-?: number }

/** Defaults; each is explained at its field. */
export const DEFAULT_LIMITS: ResolvedLimits = {
  handshakeTimeoutMs: 30_000,
  longAuthorizationTimeoutMs: 300_000,
  pingAfterMs: 10_000,
  deadAfterMs: 20_000,
  maxFrameBytes: MAX_FRAME_PAYLOAD_BYTES,
  maxBufferedAnswerBytes: 8 * 2 ** 20,
  maxBufferedTotalBytes: 128 * 2 ** 20
}

/** Versions that this code speaks. Version 0 is what a proxy means that names none. */
export const SUPPORTED_VERSIONS = { min: 0, max: 4 } as const
/** Versions offered, as the reference client of April 2026. */
export const DEFAULT_VERSIONS = { min: 1, max: 4 } as const

/** What the rooms of a session work with. */
export interface SessionSettings {
  readonly limits: ResolvedLimits
  readonly versions: { readonly min: number; readonly max: number }
  readonly ownerAddress: TonAddress
}

/** @throws CocoonError `ERR_OPTIONS` naming the field; `ERR_ATTESTATION_REFUSED` without a positive verdict. */
export function resolveSettings(options: SessionOptions): SessionSettings {
  if (options.verdict.accepted !== true) {
    throw new CocoonError('ERR_ATTESTATION_REFUSED', 'a session needs a positive verdict', { phase: 'attestation' })
  }
  const { configVersion, protocolVersions: versions = DEFAULT_VERSIONS } = options
  if (!Number.isInteger(configVersion) || configVersion < 0 || configVersion > 0xffff_ffff) {
    throw optionError('configVersion', 'must be an integer from 0 to 2^32 - 1')
  }
  const { min, max } = versions
  const isSupported = (version: number): boolean =>
    Number.isInteger(version) && version >= SUPPORTED_VERSIONS.min && version <= SUPPORTED_VERSIONS.max
  if (!isSupported(min) || !isSupported(max) || min > max) {
    throw optionError('protocolVersions', 'must be a range within 0 to 4')
  }
  return { limits: resolveLimits(options.limits ?? {}), versions: { min, max }, ownerAddress: ownerOf(options.owner) }
}

function resolveLimits(given: SessionLimits): ResolvedLimits {
  const limits: Record<string, number> = { ...DEFAULT_LIMITS }
  for (const name of Object.keys(DEFAULT_LIMITS) as (keyof SessionLimits)[]) {
    const value = given[name]
    if (value === undefined) continue
    if (!(value > 0)) throw optionError(`limits.${name}`, 'must be a positive number')
    limits[name] = value
  }
  limits['maxFrameBytes'] = Math.min(limits['maxFrameBytes']!, MAX_FRAME_PAYLOAD_BYTES)
  return limits as unknown as ResolvedLimits
}

function ownerOf(owner: string): TonAddress {
  try {
    return parseAddress(owner)
  } catch (error) {
    throw optionError('owner', 'must be a TON address', error)
  }
}

function optionError(field: string, text: string, cause?: unknown): CocoonError {
  return new CocoonError('ERR_OPTIONS', `${field} ${text}`, { phase: 'options', field, cause })
}
