/**
 * Everything that can be wrong with a peer's evidence or with its collateral, by name, with the check that has to refuse
 * it. One table: the devnet makes it, tests walk it, `cocoonkit devnet --help` prints it.
 *
 * @module
 */
import type { CheckId } from '../../attestation/index.js'
import { SNP_OFFSET, type SnpRecipe } from './amd.js'
import { type CertificateFault, CERTIFICATE_FAULTS } from './certificate-faults.js'
import type { DevnetTcbStatus } from './tcb-documents.js'
import { ENCLAVE_OFFSET, MRSERVICETD_OFFSET, QUOTE_OFFSET } from './tdx-quote.js'
import type { TdxRecipe } from './tdx-recipe.js'

/** A fault of one kind of evidence. */
export interface TeeFault<Recipe> {
  /** What is wrong, for a person. */
  readonly meaning: string
  /** Check that refuses it; `undefined` for `tcb:UpToDate`, which is none. */
  readonly expected: CheckId | undefined
  readonly recipe?: Recipe
  readonly certificate?: CertificateFault
}

const REFUSED_STATUSES: readonly DevnetTcbStatus[] = [
  'SWHardeningNeeded',
  'ConfigurationNeeded',
  'ConfigurationAndSWHardeningNeeded',
  'OutOfDate',
  'OutOfDateConfigurationNeeded',
  'Revoked'
]

type Rows<Recipe> = readonly (readonly [name: string, meaning: string, expected: CheckId, recipe: Recipe])[]

/** Flips the lowest bit of a byte, counted from the end when negative. */
const flip = (bytes: Uint8Array, offset: number): void => {
  const index = offset < 0 ? bytes.length + offset : offset
  bytes[index] = (bytes[index] ?? 0) ^ 1
}

const flipped = (bytes: Uint8Array, offset: number): Uint8Array => {
  const copy = bytes.slice()
  flip(copy, offset)
  return copy
}

const TDX_ROWS: Rows<TdxRecipe> = [
  [
    'debug',
    'the trust domain is debuggable',
    'tdx.td.debug',
    { editSigned: (quote) => flip(quote, QUOTE_OFFSET.tdAttributes) }
  ],
  [
    'migration',
    'the trust domain may be migrated',
    'tdx.td.attributes',
    { editSigned: (quote) => quote.set([0x30], QUOTE_OFFSET.tdAttributes + 3) }
  ],
  [
    'sept-ve',
    'SEPT_VE_DISABLE is not set',
    'tdx.td.sept-ve',
    { editSigned: (quote) => quote.set([0], QUOTE_OFFSET.tdAttributes + 3) }
  ],
  [
    'xfam',
    'an unknown extended feature is on',
    'tdx.td.xfam',
    { editSigned: (quote) => flip(quote, QUOTE_OFFSET.xfam + 7) }
  ],
  [
    'service-td',
    'a service domain is bound',
    'tdx.td.service-td',
    { quoteVersion: 5, editSigned: (quote) => flip(quote, MRSERVICETD_OFFSET) }
  ],
  ['wrong-image', 'another image', 'image.hash', { editSigned: (quote) => flip(quote, QUOTE_OFFSET.measurements) }],
  [
    'empty-measurements',
    'nothing was measured',
    'image.constant',
    { editSigned: (quote) => void quote.fill(0, QUOTE_OFFSET.measurements, QUOTE_OFFSET.reportData) }
  ],
  [
    'no-module',
    'no TDX module was measured',
    'tdx.module.measurement',
    { editSigned: (quote) => void quote.fill(0, QUOTE_OFFSET.mrSeam, QUOTE_OFFSET.mrSignerSeam) }
  ],
  [
    'module-signer',
    'the TDX module has another signer',
    'tdx.module.signer',
    { editSigned: (quote) => flip(quote, QUOTE_OFFSET.mrSignerSeam) }
  ],
  [
    'module-attributes',
    'the TDX module has attributes',
    'tdx.module.attributes',
    { editSigned: (quote) => flip(quote, QUOTE_OFFSET.seamAttributes) }
  ],
  [
    'unknown-module',
    'a TDX module that was not published',
    'tdx.module.identity',
    { editSigned: (quote) => quote.set([9], QUOTE_OFFSET.body + 1) }
  ],
  [
    'quote-vendor',
    'another quoting enclave vendor',
    'tdx.quote.vendor',
    { editSigned: (quote) => flip(quote, QUOTE_OFFSET.vendor) }
  ],
  [
    'quote-signature',
    'the quote was changed after signing',
    'tdx.quote.signature',
    { changeQuote: (quote) => flipped(quote, QUOTE_OFFSET.xfam + 5) }
  ],
  ['quote-version', 'an unknown quote version', 'tdx.quote.header', { changeQuote: (quote) => flipped(quote, 1) }],
  [
    'quote-body',
    'a body of unknown type',
    'tdx.quote.body',
    { quoteVersion: 5, changeQuote: (quote) => flipped(quote, 49) }
  ],
  [
    'quote-trailing',
    'a byte after the declared end',
    'tdx.quote.length',
    { changeQuote: (quote) => Uint8Array.of(...quote, 1) }
  ],
  ['quote-truncated', 'the end is missing', 'tdx.quote.length', { changeQuote: (quote) => quote.slice(0, -1) }],
  [
    'quote-certification',
    'certification data of another type',
    'tdx.quote.certification',
    { changeQuote: (quote) => flipped(quote, QUOTE_OFFSET.end + 4 + 128) }
  ],
  [
    'quote-pem',
    'the PCK chain in another PEM form',
    'tdx.quote.pem',
    { changePem: (text) => text.replaceAll('\n', '\r\n') }
  ],
  [
    'attestation-key',
    'an attestation key that the enclave does not vouch for',
    'tdx.qe.report-data',
    { editEnclaveReport: (report) => flip(report, ENCLAVE_OFFSET.reportData) }
  ],
  [
    'enclave-signature',
    'the report of the quoting enclave was changed',
    'tdx.qe.signature',
    { changeQuote: (quote) => flipped(quote, QUOTE_OFFSET.end + 4 + 134) }
  ],
  [
    'enclave-signer',
    'a quoting enclave of another signer',
    'tdx.qe.identity',
    { editEnclaveReport: (report) => flip(report, ENCLAVE_OFFSET.mrSigner) }
  ],
  [
    'enclave-debug',
    'a debug quoting enclave',
    'tdx.qe.attributes',
    { editEnclaveReport: (report) => report.set([0x13], ENCLAVE_OFFSET.attributes) }
  ],
  [
    'enclave-level',
    'a quoting enclave below every level',
    'tdx.qe.level',
    { editEnclaveReport: (report) => report.set([1], ENCLAVE_OFFSET.isvSvn) }
  ],
  ['foreign-root', 'a chain below another root of the same name', 'tdx.pck.root', { pck: { isForeign: true } }],
  ['forged-pck', 'a PCK that its issuer did not sign', 'tdx.pck.chain', { pck: { isForged: true } }],
  ['expired-pck', 'a PCK that has ended', 'tdx.pck.validity', { pck: { isExpired: true } }],
  ['short-chain', 'a PCK chain without root', 'tdx.pck.certificates', { pck: { withoutRoot: true } }],
  ['pck-name', 'a PCK of another name', 'tdx.pck.names', { pck: { name: 'Intel SGX Attestation' } }],
  ['revoked-pck', 'the PCK is revoked', 'tdx.pck.revocation', { revoked: 'pck' }],
  ['revoked-platform-ca', 'the issuer of the PCK is revoked', 'tdx.pck.revocation', { revoked: 'platform-ca' }],
  [
    'expired-collateral',
    'TCB info and QE identity have ended',
    'tdx.tcb-info.validity',
    { expired: ['tcb-info', 'qe-identity'] }
  ],
  ['expired-qe-identity', 'the QE identity has ended', 'tdx.qe-identity.validity', { expired: ['qe-identity'] }],
  ['stale-crl', 'the CRL for PCKs has ended', 'tdx.pck-crl.validity', { expired: ['pck-crl'] }],
  ['stale-root-crl', 'the CRL of the root has ended', 'tdx.root-crl.validity', { expired: ['root-crl'] }],
  ['forged-tcb-info', 'TCB info that the signer did not sign', 'tdx.tcb-info.signature', { forged: ['tcb-info'] }],
  [
    'forged-qe-identity',
    'QE identity that the signer did not sign',
    'tdx.qe-identity.signature',
    { forged: ['qe-identity'] }
  ],
  ['forged-crl', 'a CRL for PCKs that its issuer did not sign', 'tdx.pck-crl.signature', { forged: ['pck-crl'] }],
  [
    'forged-root-crl',
    'a CRL of the root that the root did not sign',
    'tdx.root-crl.signature',
    { forged: ['root-crl'] }
  ],
  ['revoked-signer', 'the signer of the collateral is revoked', 'tdx.signing.revocation', { revoked: 'signer' }],
  ['expired-signer', 'the signer of the collateral has ended', 'tdx.signing.validity', { signer: { isExpired: true } }],
  ['forged-signer', 'a signer that the root did not sign', 'tdx.signing.chain', { signer: { isForged: true } }],
  ['foreign-signer', 'a signer below another root', 'tdx.signing.root', { signer: { isForeign: true } }],
  [
    'signer-name',
    'collateral signed by another key below the root',
    'tdx.signing.names',
    { signer: { name: 'Intel SGX PCK Certificate' } }
  ],
  ['wrong-platform', 'TCB info for another platform', 'tdx.tcb-info.platform', { tcbInfo: { pceId: '0001' } }],
  ['old-collateral', 'TCB info of an older evaluation', 'tdx.collateral.number', { evaluationDataNumber: 17 }],
  ['no-level', 'TCB info without a level for the platform', 'tdx.tcb.level', { tcbInfo: { tcbLevels: [] } }],
  ['sgx-tcb-info', 'TCB info for SGX instead of TDX', 'tdx.tcb-info.format', { tcbInfo: { id: 'SGX' } }],
  [
    'duplicate-member',
    'signed JSON with a member twice',
    'tdx.tcb-info.format',
    { changeTcbInfoText: (text) => text.replace('{"id":"TDX"', '{"id":"TDX","id":"TDX"') }
  ],
  ['sgx-qe-identity', 'QE identity for SGX instead of TDX', 'tdx.qe-identity.format', { qeIdentity: { id: 'QE' } }],
  ['no-collateral', 'no collateral at all', 'policy.collateral', { changeCollateral: () => null }],
  ...REFUSED_STATUSES.map(
    (status) => [`tcb:${status}`, `the platform is ${status}`, 'tdx.tcb.status', { status }] as const
  ),
  ['module-tcb:OutOfDate', 'the TDX module is OutOfDate', 'tdx.tcb.status', { moduleStatus: 'OutOfDate' }],
  ['enclave-tcb:Revoked', 'the quoting enclave is Revoked', 'tdx.tcb.status', { enclaveStatus: 'Revoked' }]
]

const SNP_ROWS: Rows<SnpRecipe> = [
  [
    'debug',
    'the guest is debuggable',
    'snp.guest.debug',
    { editReport: (report) => report.set([0x0b], SNP_OFFSET.policy + 2) }
  ],
  [
    'migration',
    'a migration agent is bound',
    'snp.guest.migration',
    { editReport: (report) => report.set([0x07], SNP_OFFSET.policy + 2) }
  ],
  [
    'guest-policy',
    'reserved bits of the guest policy are set',
    'snp.guest.policy',
    { editReport: (report) => report.set([1], SNP_OFFSET.policy + 7) }
  ],
  [
    'vmpl',
    'the report was asked for at VMPL 3',
    'snp.guest.vmpl',
    { editReport: (report) => report.set([3], SNP_OFFSET.vmpl) }
  ],
  [
    'algorithm',
    'an unknown signature algorithm',
    'snp.report.algorithm',
    { editReport: (report) => report.set([2], SNP_OFFSET.algorithm) }
  ],
  [
    'signing-key',
    'signed by the VLEK',
    'snp.report.signing-key',
    { editReport: (report) => report.set([0x04], SNP_OFFSET.flags) }
  ],
  [
    'masked-chip',
    'the chip id is masked',
    'snp.report.flags',
    { editReport: (report) => report.set([0x02], SNP_OFFSET.flags) }
  ],
  ['wrong-image', 'another image', 'image.hash', { editReport: (report) => flip(report, SNP_OFFSET.measurement) }],
  [
    'empty-measurements',
    'nothing was measured',
    'image.constant',
    { editReport: (report) => void report.fill(0, SNP_OFFSET.measurement, SNP_OFFSET.measurement + 48) }
  ],
  [
    'report-signature',
    'the report was changed after signing',
    'snp.report.signature',
    { editSignedReport: (report) => flip(report, 16) }
  ],
  ['report-version', 'an unknown report version', 'snp.report.format', { editReport: (report) => report.set([9], 0) }],
  ['report-padding', 'a reserved byte is set', 'snp.report.format', { editSignedReport: (report) => flip(report, -1) }],
  [
    'wrong-chip',
    'another chip than the VCEK names',
    'snp.vcek.chip',
    { editReport: (report) => flip(report, SNP_OFFSET.chipId) }
  ],
  ['wrong-tcb', 'another firmware level than the VCEK names', 'snp.vcek.tcb', { vcek: { snpLevel: 25 } }],
  [
    'tcb-order',
    'committed firmware older than reported',
    'snp.tcb.order',
    { editReport: (report) => report.set([1], SNP_OFFSET.committedTcb + 6) }
  ],
  [
    'tcb-floor',
    'firmware below the floor of the policy',
    'snp.tcb.floor',
    { vcek: { snpLevel: 23 }, editReport: (report) => report.set([23], SNP_OFFSET.reportedTcb + 6) }
  ],
  ['unknown-product', 'a product without a root', 'snp.product', { product: 'Naples-A0' }],
  ['vcek-pem', 'the VCEK in another PEM form', 'snp.vcek.pem', { vcek: { changePem: (text) => ` ${text}` } }],
  ['vcek-name', 'a VCEK of another name', 'snp.vcek.certificate', { vcek: { name: 'SEV-VLEK' } }],
  ['vcek-extensions', 'a VCEK that names no chip', 'snp.vcek.extensions', { vcek: { withoutExtensions: true } }],
  ['foreign-root', 'a VCEK below another root', 'snp.chain.signatures', { vcek: { isForeign: true } }],
  ['forged-vcek', 'a VCEK that its issuer did not sign', 'snp.chain.signatures', { vcek: { isForged: true } }],
  ['expired-vcek', 'a VCEK that has ended', 'snp.chain.validity', { vcek: { isExpired: true } }],
  ['revoked-ask', 'the issuer of the VCEK is revoked', 'snp.crl.revocation', { revoked: true }],
  ['stale-crl', 'the CRL has ended', 'snp.crl.validity', { isCrlStale: true }],
  ['forged-crl', 'a CRL that the root did not sign', 'snp.crl.signature', { isCrlForged: true }],
  [
    'malformed-crl',
    'a CRL that does not parse',
    'snp.crl.format',
    { changeCollateral: (collateral) => ({ ...collateral, crl: '3000' }) }
  ],
  ['no-collateral', 'no collateral at all', 'policy.collateral', { changeCollateral: () => null }]
]

/** Faults of TDX evidence by name. */
export const TDX_FAULTS: ReadonlyMap<string, TeeFault<TdxRecipe>> = tableOf('tdx', TDX_ROWS)

/** Faults of AMD evidence by name. */
export const SNP_FAULTS: ReadonlyMap<string, TeeFault<SnpRecipe>> = tableOf('snp', SNP_ROWS)

function tableOf<Recipe>(kind: 'tdx' | 'snp', rows: Rows<Recipe>): ReadonlyMap<string, TeeFault<Recipe>> {
  const table = new Map<string, TeeFault<Recipe>>([
    ['tcb:UpToDate', { meaning: 'nothing is wrong', expected: undefined }]
  ])
  for (const [name, meaning, expected, recipe] of rows) table.set(name, { meaning, expected, recipe })
  for (const [name, { meaning, expected, ...certificate }] of CERTIFICATE_FAULTS) {
    table.set(name, { meaning, expected: typeof expected === 'string' ? expected : expected[kind], certificate })
  }
  return table
}
