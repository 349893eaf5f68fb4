/**
 * Finds out which collateral a piece of evidence needs. Reads, believes nothing: a wrong answer leads to collateral that
 * does not verify.
 *
 * @module
 */
import { bytesToHex, decodeUtf8Strict } from '../../encoding/index.js'
import { commonNameOf, decodeCertificateChainPem, parseCertificate } from '../../encoding/x509/index.js'
import type { CertificateEvidence } from '../certificate/evidence.js'
import { Findings } from '../report/findings.js'
import { readVcek } from '../snp/vcek.js'
import { decodeQuotePem } from '../tdx/collateral.js'
import { readPckPlatform } from '../tdx/pck-extension.js'
import { examineQuote } from '../tdx/quote.js'
import type { CollateralRequest } from './source.js'

/** The request for some evidence; `undefined` when it is too broken to tell, which the verifier will name. */
export function collateralRequestFor(evidence: CertificateEvidence): CollateralRequest | undefined {
  try {
    return evidence.kind === 'tdx' ? requestForQuote(evidence.quote) : requestForVcek(evidence.vcekPem)
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

function requestForVcek(pem: Uint8Array): CollateralRequest | undefined {
  const [vcek] = decodeCertificateChainPem(decodeUtf8Strict(pem)).map(parseCertificate)
  const line = vcek === undefined ? undefined : readVcek(vcek).line
  return line === undefined ? undefined : { kind: 'snp', product: line }
}
