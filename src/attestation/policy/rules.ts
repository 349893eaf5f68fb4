/**
 * What a caller demands of evidence: the public policy, and its checked form that verifiers work with.
 *
 * @module
 */
import type { Findings } from '../report/findings.js'

/** TCB statuses in Intel's words. */
export const TCB_STATUSES = [
  'UpToDate',
  'SWHardeningNeeded',
  'ConfigurationNeeded',
  'ConfigurationAndSWHardeningNeeded',
  'OutOfDate',
  'OutOfDateConfigurationNeeded',
  'Revoked'
] as const

/** One of {@link TCB_STATUSES}. */
export type TcbStatus = (typeof TCB_STATUSES)[number]

/** A TCB status other than UpToDate that is put up with for a while. */
export interface TcbTolerance {
  /** Never `Revoked`. */
  readonly status: Exclude<TcbStatus, 'UpToDate' | 'Revoked'>
  /** Every advisory that applies to the platform has to be named here. */
  readonly advisoryIds: readonly string[]
  /** End of the tolerance: a date, or ISO 8601 text in UTC. */
  readonly expiresAt: Date | string
}

/** Security patch levels of AMD firmware, 0…255 each. */
export interface SnpTcb {
  readonly bootloader: number
  readonly tee: number
  readonly snp: number
  readonly microcode: number
  /** Turin only. Default 0. */
  readonly fmc?: number | undefined
}

/** What a caller demands. */
export interface AttestationPolicy {
  /** Accepted image hashes, 64 hex digits each. At least one: without a list everything is refused (`image.allow-list`). */
  readonly imageHashes: readonly string[]
  /** Statuses put up with, one entry per status. Default none: UpToDate only. */
  readonly tolerate?: readonly TcbTolerance[] | undefined
  /** Lowest `tcbEvaluationDataNumber` of TCB info and QE identity. Default 0. */
  readonly minTcbEvaluationDataNumber?: number | undefined
  /** Lowest reported TCB of AMD machines. Default: all zero; the VCEK still has to match the report. */
  readonly minSnpTcb?: SnpTcb | undefined
  /** How far the peer's clock may be off ours when its certificate is judged. Default 300_000 ms, at most 3_600_000. */
  readonly clockSkewMs?: number | undefined
  /** End of this policy, a date or ISO 8601 text: verdicts are not reused beyond it. Default none. */
  readonly validUntil?: Date | string | null | undefined
}

/** A policy that was checked: plain data, sorted, defaults filled in. */
export interface AttestationRules {
  readonly imageHashes: readonly string[]
  readonly tolerate: readonly {
    readonly status: string
    readonly advisoryIds: readonly string[]
    readonly expiresAt: string
  }[]
  readonly minTcbEvaluationDataNumber: number
  readonly minSnpTcb: Required<{ [Part in keyof SnpTcb]: number }>
  readonly clockSkewMs: number
  readonly validUntil: string | null
}

const DEFAULT_CLOCK_SKEW_MS = 300_000
const MAX_CLOCK_SKEW_MS = 3_600_000
const IMAGE_HASH = /^[0-9a-f]{64}$/

/** Checks a policy of unknown shape; leaves the stage when it cannot be used. */
export function examinePolicy(findings: Findings, policy: unknown): AttestationRules {
  const rules = findings.parse('input.policy', 'types and ranges of the policy', () => readRules(policy))
  const { imageHashes } = rules
  const usable = imageHashes.length > 0 && imageHashes.every((hash) => IMAGE_HASH.test(hash))
  findings.check('image.allow-list', usable, `${imageHashes.length} image hashes`)
  return rules
}

/** @throws Error for anything that is not a policy. */
export function readRules(value: unknown): AttestationRules {
  const policy = asObject(value)
  const tcb = policy['minSnpTcb'] === undefined ? {} : asObject(policy['minSnpTcb'])
  const part = (name: keyof SnpTcb): number => asInteger(tcb[name], 0, 255)
  return {
    // An absent list is an empty one: it refuses by the name of the list.
    imageHashes: asTexts(policy['imageHashes'] ?? [])
      .map((hash) => hash.toLowerCase())
      .toSorted(),
    tolerate: asArray(policy['tolerate'] ?? []).map(readTolerance),
    minTcbEvaluationDataNumber: asInteger(policy['minTcbEvaluationDataNumber'], 0, 2 ** 31),
    minSnpTcb: {
      bootloader: part('bootloader'),
      tee: part('tee'),
      snp: part('snp'),
      microcode: part('microcode'),
      fmc: part('fmc')
    },
    clockSkewMs: asInteger(policy['clockSkewMs'], DEFAULT_CLOCK_SKEW_MS, MAX_CLOCK_SKEW_MS),
    validUntil: (policy['validUntil'] ?? null) === null ? null : asIsoTime(policy['validUntil'])
  }
}

function readTolerance(value: unknown): AttestationRules['tolerate'][number] {
  const { status, advisoryIds, expiresAt } = asObject(value)
  const known = TCB_STATUSES.find((name) => name === status)
  if (known === undefined || known === 'UpToDate' || known === 'Revoked') throw new Error('status cannot be tolerated')
  return { status: known, advisoryIds: asTexts(advisoryIds).toSorted(), expiresAt: asIsoTime(expiresAt) }
}

function asObject(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error('not an object')
  return value as Record<string, unknown>
}

function asArray(value: unknown): readonly unknown[] {
  if (!Array.isArray(value) || value.length > 10_000) throw new Error('not a list')
  return value as readonly unknown[]
}

function asTexts(value: unknown): string[] {
  return asArray(value).map((item) => {
    if (typeof item !== 'string' || item.length > 128) throw new Error('not a text')
    return item
  })
}

function asInteger(value: unknown, whenAbsent: number, max: number): number {
  if (value === undefined) return whenAbsent
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > max) throw new Error('not in range')
  return value
}

function asIsoTime(value: unknown): string {
  const date = typeof value === 'string' ? new Date(value) : value
  if (!(date instanceof Date)) throw new Error('not a date')
  return date.toISOString()
}
