/**
 * The documents that a synthetic Intel signs: TCB info (version 3, TDX) and QE identity (version 2), with the levels that
 * lead the devnet's platform to a wanted status.
 *
 * Source: Intel PCS API v4, "Get TDX TCB Info", "Get TD QE Identity".
 *
 * @module
 */
import { bytesToHex } from '../../encoding/index.js'
import { PLATFORM } from './platform.js'

/** TCB statuses that a devnet's platform, module or enclave can have. */
export type DevnetTcbStatus =
  | 'UpToDate'
  | 'SWHardeningNeeded'
  | 'ConfigurationNeeded'
  | 'ConfigurationAndSWHardeningNeeded'
  | 'OutOfDate'
  | 'OutOfDateConfigurationNeeded'
  | 'Revoked'

/** What both documents say of themselves. */
export interface DocumentDates {
  readonly issuedMs: number
  readonly nextUpdateMs: number
  readonly evaluationDataNumber: number
}

/** Made up: an advisory that no vendor published. */
export const DEVNET_ADVISORY: string = 'DEVNET-SA-00001'

const ZERO_SIGNER = '00'.repeat(48)
const MODULE_IDENTITY = { mrsigner: ZERO_SIGNER, attributes: '00'.repeat(8), attributesMask: 'FF'.repeat(8) }

/** TCB info text for the devnet's platform. */
export function tcbInfoText(
  dates: DocumentDates,
  status: DevnetTcbStatus,
  moduleStatus: DevnetTcbStatus,
  change: Readonly<Record<string, unknown>> = {}
): string {
  return JSON.stringify({
    id: 'TDX',
    version: 3,
    ...datesOf(dates),
    fmspc: upperHex(PLATFORM.fmspc),
    pceId: upperHex(PLATFORM.pceId),
    tcbType: 0,
    tcbEvaluationDataNumber: dates.evaluationDataNumber,
    tdxModule: MODULE_IDENTITY,
    tdxModuleIdentities: [
      {
        id: 'TDX_01',
        ...MODULE_IDENTITY,
        tcbLevels: levels(moduleStatus, PLATFORM.moduleSvn, (isvsvn) => ({ isvsvn }))
      }
    ],
    tcbLevels: levels(status, PLATFORM.pceSvn, (pcesvn) => ({
      sgxtcbcomponents: PLATFORM.components.map((svn) => ({ svn })),
      pcesvn,
      tdxtcbcomponents: PLATFORM.teeTcbSvn.map((svn) => ({ svn }))
    })),
    ...change
  })
}

/** QE identity text for the devnet's quoting enclave. */
export function qeIdentityText(
  dates: DocumentDates,
  status: DevnetTcbStatus,
  change: Readonly<Record<string, unknown>> = {}
): string {
  return JSON.stringify({
    id: 'TD_QE',
    version: 2,
    ...datesOf(dates),
    tcbEvaluationDataNumber: dates.evaluationDataNumber,
    miscselect: '00000000',
    miscselectMask: 'FFFFFFFF',
    attributes: `11${'00'.repeat(15)}`,
    attributesMask: `FB${'FF'.repeat(7)}${'00'.repeat(8)}`,
    mrsigner: upperHex(PLATFORM.qeSigner),
    isvprodid: PLATFORM.qeProduct,
    tcbLevels: levels(status, PLATFORM.qeSvn, (isvsvn) => ({ isvsvn })),
    ...change
  })
}

/**
 * Levels from the newest down. A status other than UpToDate means that a newer level exists and the platform stands at an
 * older one, as with real platforms.
 */
function levels(status: DevnetTcbStatus, svn: number, tcbOf: (svn: number) => unknown): readonly unknown[] {
  const upToDate = {
    tcb: tcbOf(status === 'UpToDate' ? svn : svn + 1),
    tcbDate: '2026-01-01T00:00:00Z',
    tcbStatus: 'UpToDate'
  }
  const older = {
    tcb: tcbOf(status === 'UpToDate' ? svn - 1 : svn),
    tcbDate: '2025-01-01T00:00:00Z',
    tcbStatus: status === 'UpToDate' ? 'OutOfDate' : status,
    advisoryIDs: [DEVNET_ADVISORY]
  }
  return [upToDate, older]
}

function datesOf({ issuedMs, nextUpdateMs }: DocumentDates): {
  readonly issueDate: string
  readonly nextUpdate: string
} {
  const text = (unixMs: number): string => new Date(unixMs).toISOString().replace(/\.\d+Z$/, 'Z')
  return { issueDate: text(issuedMs), nextUpdate: text(nextUpdateMs) }
}

function upperHex(bytes: Uint8Array): string {
  return bytesToHex(bytes).toUpperCase()
}
