/**
 * Port: where collateral comes from. A source is never trusted: everything it gives is signed by the vendor and verified
 * afterwards, so a hostile one can only cause refusal.
 *
 * @module
 */
import type { SnpCollateral } from '../snp/collateral.js'
import type { SnpProductLine } from '../snp/tcb.js'
import type { TdxCollateral } from '../tdx/collateral.js'

/** Which collateral is wanted. */
export type CollateralRequest =
  | {
      readonly kind: 'tdx'
      /** Platform family, 12 upper-case hex digits. */
      readonly fmspc: string
      /** Issuer of the PCK. */
      readonly ca: 'platform' | 'processor'
    }
  | { readonly kind: 'snp'; readonly product: SnpProductLine }

/** Gives collateral. Safe to call in parallel. */
export interface CollateralSource {
  /** Shown in messages. */
  readonly name: string
  /**
   * Fetches once; keeping and sharing is not its business.
   *
   * @throws CocoonError `ERR_ATTESTATION_COLLATERAL` | `ERR_ABORTED`.
   */
  fetch(
    request: CollateralRequest,
    options: { readonly signal?: AbortSignal | undefined }
  ): Promise<TdxCollateral | SnpCollateral>
}

/** One key per request. */
export function requestKey(request: CollateralRequest): string {
  return request.kind === 'tdx' ? `tdx:${request.fmspc}:${request.ca}` : `snp:${request.product}`
}
