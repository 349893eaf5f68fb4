/**
 * Judges the collateral: both signing chains, both signed documents, both revocation lists. Nothing in it is believed
 * before its signature was verified over its exact bytes.
 *
 * @module
 */
import { bytesToHex, encodeUtf8, equalBytes } from '../../encoding/index.js'
import { commonNameOf, type ParsedCertificate, type ParsedCrl, parseCrl, roleOf } from '../../encoding/x509/index.js'
import { endOfChain, examineChain, serialOf } from '../chain.js'
import type { CheckId } from '../report/checks.js'
import type { Findings } from '../report/findings.js'
import { quoted } from '../report/quoted.js'
import type { Signatures } from '../signatures.js'
import type { OpenedTdxCollateral, SignedText } from './collateral.js'
import { hasSgxExtension } from './pck-extension.js'
import { parseQeIdentity, parseTcbInfo, type QeIdentity, type SignedDocument, type TcbInfo } from './tcb-info.js'

/** What all stages share. */
export interface TdxContext {
  /** SHA-256 of the trusted root, lower-case hex. */
  readonly root: string
  readonly nowMs: number
  readonly signatures: Signatures
}

/** Documents that may be used, with the time at which the first of them ends. */
export interface ExaminedCollateral {
  readonly tcbInfo: TcbInfo
  readonly qeIdentity: QeIdentity
  readonly rootCrl: ParsedCrl
  readonly endMs: number
}

/** Ids of the chains that come with collateral. */
export const SIGNING_CHECKS = {
  certificates: 'tdx.signing.certificates',
  root: 'tdx.signing.root',
  chain: 'tdx.signing.chain',
  validity: 'tdx.signing.validity'
} as const
const SIGNER_NAME = 'Intel SGX TCB Signing'
const CRL_SIGN = 0x02

/** Judges everything that does not depend on the quote. */
export async function examineTdxCollateral(
  findings: Findings,
  opened: OpenedTdxCollateral,
  context: TdxContext,
  minEvaluationDataNumber: number
): Promise<ExaminedCollateral> {
  const tcbSigner = await examineSigner(findings, opened.tcbInfo, context)
  const rootCrl = await examineCrl(findings, opened.rootCrl, tcbSigner.root, context, 'tdx.root-crl')
  const qeSigner = await examineSigner(findings, opened.qeIdentity, context)
  for (const { chain } of [tcbSigner, qeSigner]) checkRevocation(findings, 'tdx.signing.revocation', chain, rootCrl)
  const [tcbInfo, qeIdentity] = await findings.both(
    () => examineDocument(findings, opened.tcbInfo, tcbSigner, context, 'tdx.tcb-info', parseTcbInfo),
    () => examineDocument(findings, opened.qeIdentity, qeSigner, context, 'tdx.qe-identity', parseQeIdentity)
  )
  const lowest = Math.min(tcbInfo.evaluationDataNumber, qeIdentity.evaluationDataNumber)
  findings.check(
    'tdx.collateral.number',
    lowest >= minEvaluationDataNumber,
    `${lowest} against a floor of ${minEvaluationDataNumber}`
  )
  const ends = [
    tcbInfo.nextUpdateMs,
    qeIdentity.nextUpdateMs,
    rootCrl.nextUpdate.getTime(),
    endOfChain(tcbSigner.chain),
    endOfChain(qeSigner.chain)
  ]
  return { tcbInfo, qeIdentity, rootCrl, endMs: Math.min(...ends) }
}

/** Judges one revocation list against its issuer. */
export async function examineCrl(
  findings: Findings,
  der: Uint8Array,
  issuer: ParsedCertificate,
  context: TdxContext,
  prefix: 'tdx.root-crl' | 'tdx.pck-crl' | 'snp.crl'
): Promise<ParsedCrl> {
  const crl = findings.parse(`${prefix}.format`, `${der.length} bytes`, () => parseCrl(der))
  const mayIssue = findings.parse(
    `${prefix}.format`,
    `${der.length} bytes`,
    () => ((roleOf(issuer).keyUsage ?? 0) & CRL_SIGN) !== 0
  )
  const signed = mayIssue && equalBytes(crl.issuer, issuer.subject) && (await context.signatures.isIssued(crl, issuer))
  findings.demand(`${prefix}.signature`, signed, 'issuer, role and signature')
  const current = context.nowMs >= crl.thisUpdate.getTime() && context.nowMs <= crl.nextUpdate.getTime()
  findings.check(`${prefix}.validity`, current, `${crl.thisUpdate.toISOString()} to ${crl.nextUpdate.toISOString()}`)
  return crl
}

/** Records whether none of these certificates is on the list. */
export function checkRevocation(
  findings: Findings,
  id: CheckId,
  certificates: readonly (ParsedCertificate | undefined)[],
  crl: ParsedCrl
): void {
  const serials = certificates.filter((certificate) => certificate !== undefined).map(serialOf)
  findings.check(
    id,
    serials.every((serial) => !crl.revokedSerials.has(serial)),
    `serials ${serials.join(', ')}`
  )
}

/** Who signed a document, up to the trusted root. */
interface Signer {
  readonly certificate: ParsedCertificate
  readonly root: ParsedCertificate
  readonly chain: readonly ParsedCertificate[]
}

async function examineSigner(findings: Findings, signed: SignedText, context: TdxContext): Promise<Signer> {
  const chain = await examineChain(findings, SIGNING_CHECKS, { ders: signed.chain, length: 2, ...context })
  const [leaf, root] = chain
  findings.demand('tdx.signing.certificates', leaf !== undefined && root !== undefined, 'a leaf')
  // Any key below the root could otherwise sign collateral, the PCK of one broken platform included.
  const name = findings.parse('tdx.signing.names', 'common name of the signer', () => commonNameOf(leaf.subject))
  findings.demand('tdx.signing.names', name === SIGNER_NAME && !hasSgxExtension(leaf), `signer ${quoted(name)}`)
  return { certificate: leaf, root, chain }
}

async function examineDocument<T extends SignedDocument>(
  findings: Findings,
  signed: SignedText,
  signer: Signer,
  context: TdxContext,
  prefix: 'tdx.tcb-info' | 'tdx.qe-identity',
  parse: (text: string) => T
): Promise<T> {
  const text = encodeUtf8(signed.text)
  const isSigned = await context.signatures.isSigned(
    'P-256',
    signer.certificate.publicKey.bytes,
    signed.signature,
    text
  )
  findings.demand(
    `${prefix}.signature`,
    isSigned,
    `signature over ${text.length} bytes by serial ${bytesToHex(signer.certificate.serial)}`
  )
  const document = findings.parse(`${prefix}.format`, 'type and shape', () => parse(signed.text))
  const { issueDateMs, nextUpdateMs } = document
  const current = context.nowMs >= issueDateMs && context.nowMs <= nextUpdateMs
  findings.check(
    `${prefix}.validity`,
    current,
    `${new Date(issueDateMs).toISOString()} to ${new Date(nextUpdateMs).toISOString()}`
  )
  return document
}
