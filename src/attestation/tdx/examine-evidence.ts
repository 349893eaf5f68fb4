/**
 * Judges a whole TDX quote with its collateral: quote, PCK chain, quoting enclave, TDX module, trust domain, TCB status.
 *
 * @module
 */
import { bytesToHex, concatBytes, equalBytes } from '../../encoding/index.js'
import { commonNameOf, type ParsedCertificate } from '../../encoding/x509/index.js'
import { equalsUnderMask, isZero, u16le, u64le } from '../bits.js'
import { endOfChain, examineChain } from '../chain.js'
import { sha256 } from '../crypto.js'
import { examineImage, imageHashOfBody } from '../image-hash.js'
import type { AttestationRules, TcbStatus } from '../policy/rules.js'
import type { Findings } from '../report/findings.js'
import { quoted } from '../report/quoted.js'
import { Signatures } from '../signatures.js'
import { decodeQuotePem, openTdxCollateral, type OpenedTdxCollateral } from './collateral.js'
import {
  SIGNING_CHECKS,
  checkRevocation,
  type ExaminedCollateral,
  examineCrl,
  examineTdxCollateral,
  type TdxContext
} from './examine-collateral.js'
import { type PckPlatform, readPckPlatform } from './pck-extension.js'
import { examineQuote, type TdxBody, type TdxQuote } from './quote.js'
import { convergeStatus, evaluatePlatform, evaluateQuotingEnclave } from './tcb-evaluation.js'
import type { QeIdentity, TcbLevel } from './tcb-info.js'

/** What was learnt of the evidence. */
export interface TdxFacts {
  readonly reportData: Uint8Array | undefined
  readonly imageHash: string | undefined
  readonly tcbStatus: TcbStatus | undefined
  readonly advisoryIds: readonly string[]
  readonly endMs: number
}

/** What a quote is judged with. */
export interface TdxInput {
  readonly quote: Uint8Array
  /** Of unknown shape; `undefined` when whoever supplies it has recorded why there is none. */
  readonly collateral: unknown
  readonly rules: AttestationRules
  readonly nowMs: number
  /** SHA-256 of the trusted root, lower-case hex. */
  readonly root: string
}

const PCK = {
  certificates: 'tdx.pck.certificates',
  root: 'tdx.pck.root',
  chain: 'tdx.pck.chain',
  validity: 'tdx.pck.validity'
} as const
const PCK_NAMES: readonly (readonly string[])[] = [
  ['Intel SGX PCK Certificate'],
  ['Intel SGX PCK Platform CA', 'Intel SGX PCK Processor CA'],
  ['Intel SGX Root CA']
]
const POINT = Uint8Array.of(4)

/** Runs every stage; a stage that is left does not keep the others from reporting. */
export async function examineTdxEvidence(findings: Findings, input: TdxInput): Promise<TdxFacts> {
  const { rules, nowMs, root } = input
  const context: TdxContext = { nowMs, root, signatures: new Signatures() }
  const quote = await findings.stage(() => examineQuote(findings, input.quote))
  let imageHash: string | undefined
  if (quote !== undefined) {
    imageHash = await imageHashOfBody(quote.body)
    examineImage(findings, imageHash, rules.imageHashes)
    examineTrustDomain(findings, quote.body)
  }
  const opened =
    input.collateral === undefined
      ? undefined
      : await findings.stage(() => openTdxCollateral(findings, input.collateral))
  // Side by side: the parts share no check ids.
  const [collateral, pck] = await Promise.all([
    opened && findings.stage(() => examineTdxCollateral(findings, opened, context, rules.minTcbEvaluationDataNumber)),
    quote && findings.stage(() => examinePck(findings, quote, context)),
    quote && findings.stage(() => examineAttestationKey(findings, quote, context))
  ])
  const facts = { imageHash, reportData: quote?.body.reportData, tcbStatus: undefined, advisoryIds: [] }
  if (quote === undefined || pck === undefined || opened === undefined || collateral === undefined)
    return { ...facts, endMs: nowMs }
  const crlEndMs = await findings.stage(() => examinePckRevocation(findings, pck, opened, collateral, context))
  const platform = await findings.stage(() => {
    const { tcbInfo } = collateral
    const same = equalBytes(pck.platform.fmspc, tcbInfo.fmspc) && equalBytes(pck.platform.pceId, tcbInfo.pceId)
    findings.demand(
      'tdx.tcb-info.platform',
      same,
      `FMSPC ${bytesToHex(pck.platform.fmspc)}, PCEID ${bytesToHex(pck.platform.pceId)}`
    )
    return examineLevels(findings, quote, pck.platform, collateral, rules, nowMs)
  })
  const ends = [collateral.endMs, endOfChain(pck.chain), crlEndMs ?? nowMs, platform?.endMs ?? nowMs]
  return { ...facts, tcbStatus: platform?.status, advisoryIds: platform?.advisoryIds ?? [], endMs: Math.min(...ends) }
}

/** PCK chain as found in the quote. */
interface ExaminedPck {
  readonly chain: readonly ParsedCertificate[]
  readonly leaf: ParsedCertificate
  readonly issuer: ParsedCertificate
  readonly platform: PckPlatform
}

/** PCK chain and the platform in it; the quoting enclave's report is signed by its leaf. */
async function examinePck(findings: Findings, quote: TdxQuote, context: TdxContext): Promise<ExaminedPck> {
  const ders = findings.parse('tdx.quote.pem', `${quote.pckChainPem.length} bytes with their re-encoding`, () =>
    decodeQuotePem(quote.pckChainPem)
  )
  const chain = await examineChain(findings, PCK, { ders, length: 3, ...context })
  const names = findings.parse('tdx.pck.names', 'common names', () => chain.map(({ subject }) => commonNameOf(subject)))
  findings.demand(
    'tdx.pck.names',
    names.every((name, index) => PCK_NAMES[index]?.includes(name)),
    names.map(quoted).join(', ')
  )
  const [leaf, issuer] = chain
  findings.demand('tdx.pck.certificates', leaf !== undefined && issuer !== undefined, '3 certificates')
  const platform = findings.parse('tdx.pck.extension', 'platform, component and PCE versions', () =>
    readPckPlatform(leaf)
  )
  const byPck = await context.signatures.isSigned(
    'P-256',
    leaf.publicKey.bytes,
    quote.qeReportSignature,
    quote.qeReport
  )
  findings.check('tdx.qe.signature', byPck, `signature of the enclave report by PCK ${bytesToHex(leaf.serial)}`)
  return { chain, leaf, issuer, platform }
}

/** The CRL for PCKs with the chain of its issuer, and who is on it. @returns the earliest end. */
async function examinePckRevocation(
  findings: Findings,
  pck: ExaminedPck,
  opened: OpenedTdxCollateral,
  collateral: ExaminedCollateral,
  context: TdxContext
): Promise<number> {
  const issuers = await examineChain(findings, SIGNING_CHECKS, {
    ders: opened.pckCrlIssuerChain,
    length: 2,
    leafIsCa: true,
    ...context
  })
  const [issuer, root] = issuers
  const isSame =
    issuer !== undefined &&
    equalBytes(issuer.subject, pck.issuer.subject) &&
    equalBytes(issuer.publicKey.spki, pck.issuer.publicKey.spki)
  findings.demand('tdx.pck-crl.signature', isSame, 'issuer of the CRL with the issuer of the PCK')
  const crl = await examineCrl(findings, opened.pckCrl, pck.issuer, context, 'tdx.pck-crl')
  checkRevocation(findings, 'tdx.pck.revocation', [pck.leaf], crl)
  checkRevocation(findings, 'tdx.pck.revocation', [pck.issuer, issuer, root], collateral.rootCrl)
  return Math.min(crl.nextUpdate.getTime(), endOfChain(issuers))
}

/** Quote by attestation key, attestation key by the report of the quoting enclave. */
async function examineAttestationKey(findings: Findings, quote: TdxQuote, context: TdxContext): Promise<void> {
  const { attestationKey, qeReport } = quote
  const vouched = await sha256(concatBytes(attestationKey, quote.qeAuthData))
  const vouches = equalBytes(qeReport.subarray(320, 352), vouched) && isZero(qeReport.subarray(352))
  findings.check(
    'tdx.qe.report-data',
    vouches,
    'enclave report data with SHA-256 of attestation key and authentication data'
  )
  const byKey = await context.signatures.isSigned(
    'P-256',
    concatBytes(POINT, attestationKey),
    quote.signature,
    quote.signed
  )
  findings.check('tdx.quote.signature', byKey, `signature over ${quote.signed.length} bytes by the attestation key`)
}

const ATTRIBUTES_DEBUG_GROUP = 0xffn
const MAY_BE_SET = (1n << 28n) | (1n << 30n) | (1n << 31n) | (1n << 63n)
const SEPT_VE_DISABLE = 1n << 28n
const XFAM_MUST = 0x3n
const XFAM_MAY = 0x6dbe7n

/**
 * Attributes of the trust domain (Intel TDX Module ABI, ATTRIBUTES and XFAM): the debug group is zero; SEPT_VE_DISABLE is
 * set; PKS, KL and PERFMON may be; everything else is reserved or lets others in (MIGRATABLE).
 */
function examineTrustDomain(findings: Findings, body: TdxBody): void {
  const attributes = u64le(body.tdAttributes)
  const text = `attributes 0x${attributes.toString(16).padStart(16, '0')}`
  findings.check('tdx.td.debug', (attributes & ATTRIBUTES_DEBUG_GROUP) === 0n, text)
  findings.check('tdx.td.attributes', (attributes & ~ATTRIBUTES_DEBUG_GROUP & ~MAY_BE_SET) === 0n, text)
  findings.check('tdx.td.sept-ve', (attributes & SEPT_VE_DISABLE) !== 0n, text)
  const xfam = u64le(body.xfam)
  const isXfam = (xfam & XFAM_MUST) === XFAM_MUST && (xfam & ~XFAM_MAY) === 0n
  findings.check('tdx.td.xfam', isXfam, `XFAM 0x${xfam.toString(16)}`)
  if (body.mrServiceTd === undefined) findings.notApplicable('tdx.td.service-td', 'a TD 1.0 report has no such field')
  else findings.check('tdx.td.service-td', isZero(body.mrServiceTd), bytesToHex(body.mrServiceTd))
  findings.check('tdx.module.measurement', !isZero(body.mrSeam), `MRSEAM ${bytesToHex(body.mrSeam)}`)
  findings.check(
    'tdx.module.signer',
    isZero(body.mrSignerSeam),
    `MRSIGNERSEAM ${bytesToHex(body.mrSignerSeam)} with zero`
  )
  findings.check(
    'tdx.module.attributes',
    isZero(body.seamAttributes),
    `SEAM attributes ${bytesToHex(body.seamAttributes)} with zero`
  )
}

/** Enclave identity, module identity, TCB level; converges and applies the policy. */
function examineLevels(
  findings: Findings,
  quote: TdxQuote,
  platform: PckPlatform,
  collateral: ExaminedCollateral,
  rules: AttestationRules,
  nowMs: number
): { readonly status: TcbStatus; readonly advisoryIds: readonly string[]; readonly endMs: number } {
  const enclave = examineQuotingEnclave(findings, quote.qeReport, collateral.qeIdentity)
  const levels: TcbLevel<unknown>[] = []
  // TD 1.5 reports the versions at launch and now: both have to stand.
  for (const svn of [quote.body.teeTcbSvn, quote.body.teeTcbSvn2]) {
    if (svn === undefined) continue
    const found = evaluatePlatform(collateral.tcbInfo, platform, svn)
    findings.demand(
      'tdx.tcb.level',
      found.level !== undefined,
      `TDX versions ${bytesToHex(svn)}, PCE ${platform.pceSvn}`
    )
    const known = found.module !== undefined && (found.moduleLevel !== undefined || found.moduleName === 'unversioned')
    findings.demand(
      'tdx.module.identity',
      known && found.module !== undefined,
      `module ${found.moduleName} at ${svn[0] ?? 0}`
    )
    const { mrSigner, attributes, attributesMask } = found.module
    findings.check(
      'tdx.module.signer',
      equalBytes(quote.body.mrSignerSeam, mrSigner),
      'MRSIGNERSEAM with the published signer'
    )
    const asPublished = equalsUnderMask(quote.body.seamAttributes, attributes, attributesMask)
    findings.check('tdx.module.attributes', asPublished, 'SEAM attributes with the published ones')
    levels.push(found.level, ...(found.moduleLevel === undefined ? [] : [found.moduleLevel]))
  }
  levels.push(enclave)
  const status = levels.map((level) => level.status).reduce(convergeStatus)
  const advisoryIds = [...new Set(levels.flatMap((level) => level.advisoryIds))].toSorted()
  return { status, advisoryIds, endMs: applyStatus(findings, status, advisoryIds, rules, nowMs) }
}

function examineQuotingEnclave(findings: Findings, report: Uint8Array, identity: QeIdentity): TcbLevel<number> {
  const mrSigner = report.subarray(128, 160)
  const isIdentity = equalBytes(mrSigner, identity.mrSigner) && u16le(report, 256) === identity.isvProdId
  findings.check('tdx.qe.identity', isIdentity, `signer ${bytesToHex(mrSigner)}, product ${u16le(report, 256)}`)
  const attributes = report.subarray(48, 64)
  const isDebug = ((attributes[0] ?? 0) & 2) !== 0
  const asPublished =
    !isDebug &&
    equalsUnderMask(attributes, identity.attributes, identity.attributesMask) &&
    equalsUnderMask(report.subarray(16, 20), identity.miscSelect, identity.miscSelectMask)
  findings.check(
    'tdx.qe.attributes',
    asPublished,
    `attributes ${bytesToHex(attributes)}, miscselect ${bytesToHex(report.subarray(16, 20))}`
  )
  const isvSvn = u16le(report, 258)
  const level = evaluateQuotingEnclave(identity, isvSvn)
  findings.demand('tdx.qe.level', level !== undefined, `enclave version ${isvSvn}`)
  return level
}

/** @returns until when the policy puts up with the status, milliseconds. */
function applyStatus(
  findings: Findings,
  status: TcbStatus,
  advisoryIds: readonly string[],
  rules: AttestationRules,
  nowMs: number
): number {
  findings.check('tdx.tcb.advisories', advisoryIds.length === 0, advisoryIds.join(', ') || 'none')
  if (status === 'UpToDate') {
    findings.check('tdx.tcb.status', true, status)
    return Number.POSITIVE_INFINITY
  }
  const tolerance = rules.tolerate.find(
    (entry) =>
      entry.status === status &&
      advisoryIds.every((id) => entry.advisoryIds.includes(id)) &&
      nowMs <= Date.parse(entry.expiresAt)
  )
  const tolerated = tolerance === undefined ? 'not tolerated' : `tolerated until ${tolerance.expiresAt}`
  findings.check('tdx.tcb.status', tolerance !== undefined, `${status}, ${tolerated}`)
  return tolerance === undefined ? nowMs : Date.parse(tolerance.expiresAt)
}
