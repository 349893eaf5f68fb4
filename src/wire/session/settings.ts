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
export type ResolvedLimits = Readonly<Record<keyof SessionLimits, number>>

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

/** Newest version that this code speaks; the oldest is 0, which is what a proxy means that names none. */
const NEWEST_VERSION = 4
/** Versions offered, as the reference client of April 2026. */
export const DEFAULT_VERSIONS: SessionSettings['versions'] = { min: 1, max: NEWEST_VERSION }

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
  if (!Number.isInteger(min) || !Number.isInteger(max) || !(0 <= min && min <= max && max <= NEWEST_VERSION)) {
    throw optionError('protocolVersions', 'must be a range within 0 to 4')
  }
  return { limits: resolveLimits(options.limits ?? {}), versions: { min, max }, ownerAddress: ownerOf(options.owner) }
}

function resolveLimits(given: SessionLimits): ResolvedLimits {
  const limits = { ...DEFAULT_LIMITS }
  for (const name of Object.keys(limits) as (keyof SessionLimits)[]) {
    const { [name]: value = limits[name] } = given
    if (!(value > 0)) throw optionError(`limits.${name}`, 'must be a positive number')
    limits[name] = value
  }
  limits.maxFrameBytes = Math.min(limits.maxFrameBytes, MAX_FRAME_PAYLOAD_BYTES)
  return limits
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
