/**
 * `@phala/dcap-qvl` as a second opinion on TDX quotes. Known to be laxer: no TDX module identity, no names of signers, no
 * XFAM; and stricter in one point: it compares the first two TDX components also for versioned modules.
 *
 * @module
 */
import { createRequire } from 'node:module'
import type { TdxCollateral } from '../../src/attestation.js'

interface Oracle {
  verify(quote: Uint8Array, collateral: TdxCollateral, nowSeconds: number): { readonly status: string }
}

const { QuoteVerifier } = createRequire(import.meta.url)('@phala/dcap-qvl') as {
  readonly QuoteVerifier: { newProd(): Oracle; newWithRootCa(root: Uint8Array): Oracle }
}

/** Status in the oracle's eyes, or `undefined` when it rejects. Without `root`: Intel's. */
export function oracleStatus(
  quote: Uint8Array,
  collateral: TdxCollateral,
  now: Date,
  root?: Uint8Array
): string | undefined {
  const oracle = root === undefined ? QuoteVerifier.newProd() : QuoteVerifier.newWithRootCa(Buffer.from(root))
  try {
    return oracle.verify(Buffer.from(quote), collateral, Math.floor(now.getTime() / 1000)).status
  } catch {
    return undefined
  }
}
