/**
 * What a synthetic Intel and its machine do differently from the good case. A fault is a recipe; the good case is `{}`.
 *
 * @module
 */
import type { TdxCollateral } from '../../attestation/index.js'
import type { DevnetTcbStatus } from './tcb-documents.js'

/** Changes bytes in place. */
export type Edit = (bytes: Uint8Array) => void

/** What is wrong with one certificate. */
export interface CertificateFlaw {
  /** Ended yesterday. */
  readonly isExpired?: boolean
  /** Signed by a key that is not its issuer's. */
  readonly isForged?: boolean
  /** Common name. */
  readonly name?: string
}

/** Deviations. Every field: absent = as it should be. */
export interface TdxRecipe {
  readonly status?: DevnetTcbStatus
  readonly moduleStatus?: DevnetTcbStatus
  readonly enclaveStatus?: DevnetTcbStatus
  /** 5 carries a TD 1.5 report. Default 4. */
  readonly quoteVersion?: 4 | 5
  /** Edits header and body before they are signed; offsets of attestation.md §1. */
  readonly editSigned?: Edit
  /** Edits the report of the quoting enclave before it is signed. */
  readonly editEnclaveReport?: Edit
  /** Changes the finished quote. */
  readonly changeQuote?: (quote: Uint8Array) => Uint8Array
  /** Changes the PEM text of the PCK chain. */
  readonly changePem?: (text: string) => string
  readonly pck?: CertificateFlaw & {
    readonly withoutExtension?: boolean
    readonly withoutRoot?: boolean
    /** The whole chain below another root of the same name. */
    readonly isForeign?: boolean
  }
  readonly signer?: CertificateFlaw & { readonly isForeign?: boolean }
  readonly tcbInfo?: Readonly<Record<string, unknown>>
  readonly qeIdentity?: Readonly<Record<string, unknown>>
  /** Changes the text of the TCB info before it is signed. */
  readonly changeTcbInfoText?: (text: string) => string
  /** Documents whose `nextUpdate` has passed. */
  readonly expired?: readonly ('tcb-info' | 'qe-identity' | 'pck-crl' | 'root-crl')[]
  /** Documents that another key signed. */
  readonly forged?: readonly ('tcb-info' | 'qe-identity' | 'pck-crl' | 'root-crl')[]
  readonly revoked?: 'pck' | 'platform-ca' | 'signer'
  readonly evaluationDataNumber?: number
  /** Changes the finished collateral. */
  readonly changeCollateral?: (collateral: TdxCollateral) => unknown
}
