/**
 * Judges a whole AMD SEV-SNP report: report, VCEK, chain to the product's root, revocation, TCB, image.
 *
 * @module
 */
import { bytesToHex, decodeUtf8Strict, equalBytes } from '../../encoding/index.js'
import {
  commonNameOf,
  decodeCertificateChainPem,
  type ParsedCertificate,
  parseCertificate
} from '../../encoding/x509/index.js'
import { endOfChain, examineChain } from '../chain.js'
import { examineImage, imageHashOfMeasurement } from '../image-hash.js'
import type { AttestationRules } from '../policy/rules.js'
import type { Findings } from '../report/findings.js'
import { quoted } from '../report/quoted.js'
import { Signatures } from '../signatures.js'
import { checkRevocation, examineCrl } from '../tdx/examine-collateral.js'
import type { TrustRoots } from '../trust.js'
import { AMD_ROOTS } from './amd-roots.js'
import { type OpenedSnpCollateral, openSnpCollateral } from './collateral.js'
import { examineSnpReport, type SnpReport } from './report.js'
import { decodeSnpTcb, describeTcb, reaches } from './tcb.js'
import { readVcek, type VcekFacts } from './vcek.js'

/** What a report is judged with. */
export interface SnpInput {
  readonly report: Uint8Array
  /** PEM bytes out of the certificate; `undefined` takes the one of the collateral. */
  readonly vcekPem: Uint8Array | undefined
  /** Of unknown shape; `undefined` when whoever supplies it has recorded why there is none. */
  readonly collateral: unknown
  readonly rules: AttestationRules
  readonly nowMs: number
  readonly roots: TrustRoots
}

/** What was learnt of the evidence. */
export interface SnpFacts {
  readonly reportData: Uint8Array | undefined
  readonly imageHash: string | undefined
  readonly endMs: number
}

const CHAIN = {
  certificates: 'snp.vcek.certificate',
  root: 'snp.chain.root',
  chain: 'snp.chain.signatures',
  validity: 'snp.chain.validity'
} as const
const VCEK_NAME = 'SEV-VCEK'

/** Runs every stage; a stage that is left does not keep the others from reporting. */
export async function examineSnpEvidence(findings: Findings, input: SnpInput): Promise<SnpFacts> {
  const report = await findings.stage(() => examineSnpReport(findings, input.report))
  let imageHash: string | undefined
  if (report !== undefined) {
    imageHash = await imageHashOfMeasurement(report.measurement)
    examineImage(findings, imageHash, input.rules.imageHashes)
  }
  const opened =
    input.collateral === undefined
      ? undefined
      : await findings.stage(() => openSnpCollateral(findings, input.collateral))
  const vcek = await findings.stage(() => openVcek(findings, input.vcekPem, opened))
  const facts = { imageHash, reportData: report?.reportData }
  if (vcek === undefined) return { ...facts, endMs: input.nowMs }
  if (report !== undefined) await findings.stage(() => examineBinding(findings, report, vcek, input.rules))
  const endMs = opened && (await findings.stage(() => examineSnpChain(findings, vcek, opened, input)))
  return { ...facts, endMs: endMs ?? input.nowMs }
}

interface OpenedVcek {
  readonly certificate: ParsedCertificate
  readonly facts: VcekFacts
}

function openVcek(
  findings: Findings,
  pem: Uint8Array | undefined,
  opened: OpenedSnpCollateral | undefined
): OpenedVcek {
  const [der, ...more] = findings.parse('snp.vcek.pem', 'one certificate with its re-encoding', () =>
    decodeCertificateChainPem(pem === undefined ? (opened?.vcekPem ?? '') : decodeUtf8Strict(pem))
  )
  findings.demand('snp.vcek.pem', der !== undefined && more.length === 0, `${more.length + 1} certificates`)
  const certificate = findings.parse('snp.vcek.certificate', `${der.length} bytes`, () => parseCertificate(der))
  const isKey = certificate.publicKey.algorithm === 'P-384'
  findings.demand('snp.vcek.certificate', isKey, `a key of type ${certificate.publicKey.algorithm}`)
  const facts = findings.parse('snp.vcek.extensions', 'product, chip and patch levels', () => readVcek(certificate))
  return { certificate, facts }
}

/** Report with VCEK: signature, chip, levels. */
async function examineBinding(
  findings: Findings,
  report: SnpReport,
  vcek: OpenedVcek,
  rules: AttestationRules
): Promise<void> {
  const { certificate, facts } = vcek
  const signed = await new Signatures().isSigned('P-384', certificate.publicKey.bytes, report.signature, report.signed)
  findings.check(
    'snp.report.signature',
    signed,
    `signature over ${report.signed.length} bytes by VCEK ${bytesToHex(certificate.serial)}`
  )
  const start = report.chipId.subarray(0, facts.hardwareId.length)
  findings.check('snp.vcek.chip', equalBytes(start, facts.hardwareId), `chip ${bytesToHex(start).slice(0, 16)}…`)
  findings.demand('snp.product', facts.line !== undefined, `product ${quoted(facts.productName)}`)
  const { line } = facts
  const [reported, committed, current] = [report.reportedTcb, report.committedTcb, report.currentTcb].map((tcb) =>
    decodeSnpTcb(tcb, line)
  )
  findings.demand(
    'snp.vcek.tcb',
    reported !== undefined && committed !== undefined && current !== undefined,
    'three levels'
  )
  const isSame = reaches(reported, facts.tcb) && reaches(facts.tcb, reported)
  findings.check('snp.vcek.tcb', isSame, `reported ${describeTcb(reported)}; VCEK ${describeTcb(facts.tcb)}`)
  findings.check(
    'snp.tcb.order',
    reaches(committed, reported) && reaches(current, committed),
    `committed ${describeTcb(committed)}; current ${describeTcb(current)}`
  )
  findings.check('snp.tcb.floor', reaches(reported, rules.minSnpTcb), `floor ${describeTcb(rules.minSnpTcb)}`)
}

/** VCEK to the root of its product, with the revocation list. @returns the earliest end. */
async function examineSnpChain(
  findings: Findings,
  vcek: OpenedVcek,
  opened: OpenedSnpCollateral,
  input: SnpInput
): Promise<number> {
  const { certificate, facts } = vcek
  const roots = input.roots.amd === 'vendor' ? AMD_ROOTS : input.roots.amd
  const root = facts.line === undefined ? undefined : roots[facts.line]
  findings.demand('snp.product', root !== undefined, `root for product ${quoted(facts.productName)}`)
  const context = { root, nowMs: input.nowMs, signatures: new Signatures() }
  const chain = await examineChain(findings, CHAIN, { ders: [certificate.der, ...opened.chain], length: 3, ...context })
  const name = findings.parse('snp.vcek.certificate', 'common name', () => commonNameOf(certificate.subject))
  findings.demand('snp.vcek.certificate', name === VCEK_NAME, `common name ${quoted(name)}`)
  const [, intermediate, rootCertificate] = chain
  findings.demand('snp.chain.signatures', rootCertificate !== undefined, 'three certificates')
  const crl = await examineCrl(findings, opened.crl, rootCertificate, context, 'snp.crl')
  // AMD publishes no list for VCEKs: a chip is withdrawn by withdrawing its ASK, or by the TCB floor.
  checkRevocation(findings, 'snp.crl.revocation', [intermediate, rootCertificate], crl)
  return Math.min(endOfChain(chain), crl.nextUpdate.getTime())
}
