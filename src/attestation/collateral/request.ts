/**
 * Finds out which collateral a piece of evidence needs. Reads, believes nothing: a wrong answer leads to collateral that
 * does not verify.
 *
 * @module
 */
import { bytesToHex } from '../../encoding/index.js'
import { commonNameOf, parseCertificate } from '../../encoding/x509/index.js'
import type { CertificateEvidence } from '../certificate/evidence.js'
import { Findings } from '../report/findings.js'
import { loadSnp } from '../snp/load.js'
import { decodeQuotePem } from '../tdx/collateral.js'
import { readPckPlatform } from '../tdx/pck-extension.js'
import { examineQuote } from '../tdx/quote.js'
import type { CollateralRequest } from './source.js'

/**
 * The request for some evidence; `undefined` when it is too broken to tell, which the verifier will name.
 *
 * @throws CocoonError `ERR_INTERNAL`, retryable: the code for such evidence could not be loaded.
 */
export async function collateralRequestFor(evidence: CertificateEvidence): Promise<CollateralRequest | undefined> {
  const snp = evidence.kind === 'snp' ? await loadSnp() : undefined
  try {
    return evidence.kind === 'tdx' ? requestForQuote(evidence.quote) : snp?.requestForVcek(evidence.vcekPem)
  } catch {
    return undefined
  }
}

function requestForQuote(quote: Uint8Array): CollateralRequest | undefined {
  const [leaf] = decodeQuotePem(examineQuote(new Findings(), quote).pckChainPem).map(parseCertificate)
  if (leaf === undefined) return undefined
  const { fmspc } = readPckPlatform(leaf)
  const ca = commonNameOf(leaf.issuer).includes('Processor') ? 'processor' : 'platform'
  return { kind: 'tdx', fmspc: bytesToHex(fmspc).toUpperCase(), ca }
}
