/**
 * The table of checks: every reason for which the library can refuse a peer has one id here. Ids are API. What each means
 * is said in check-titles.ts, which verifiers do not load; each has a page under docs/checks.
 *
 * @module
 */

/** What can be done about a failed check, by group. */
const REMEDIES = {
  peer: 'Choose another proxy; this one does not present acceptable evidence.',
  collateral: 'Fetch the collateral again, from the vendor or through a relay that passes its answers on unchanged.',
  platform: 'The operator has to update the platform, or the policy has to name what it tolerates.',
  caller: 'Correct the argument; nothing was verified.',
  unsafe: 'Use createAttestationPolicy from cocoonkit/attestation.',
  fetch: 'Check the collateral source and the network.',
  bug: 'Report this as a bug, with the proof bundle.',
  clock: 'Check the clock of this machine, then choose another proxy.',
  list: 'Give imageHashes; the root contract publishes them.',
  image: 'The peer runs another image than the list allows, or the list is old.',
  debug: 'Do not use this peer: its operator can read its memory.',
  amd: 'The library has no root for this product; use a TDX proxy.',
  bundle: 'Ask for the bundle again.'
} as const

/** Ids in the order in which reports list them, with the remedy that belongs to each. */
const REMEDY_OF = {
  'input.evidence': 'caller',
  'input.time': 'caller',
  'input.policy': 'caller',
  'input.trust': 'caller',
  'policy.accepts': 'unsafe',
  'policy.collateral': 'fetch',
  'verifier.internal': 'bug',
  'certificate.der': 'peer',
  'certificate.version': 'peer',
  'certificate.key': 'peer',
  'certificate.issuer': 'peer',
  'certificate.signature': 'peer',
  'certificate.validity': 'clock',
  'certificate.lifetime': 'peer',
  'certificate.extensions': 'peer',
  'certificate.usage': 'peer',
  'certificate.evidence': 'peer',
  'certificate.evidence-size': 'peer',
  'certificate.claims': 'peer',
  'evidence.genuine': 'unsafe',
  'binding.report-data': 'peer',
  'image.allow-list': 'list',
  'image.constant': 'peer',
  'image.hash': 'image',
  'tdx.quote.header': 'peer',
  'tdx.quote.vendor': 'peer',
  'tdx.quote.body': 'peer',
  'tdx.quote.length': 'peer',
  'tdx.quote.certification': 'peer',
  'tdx.quote.pem': 'peer',
  'tdx.quote.signature': 'peer',
  'tdx.qe.signature': 'peer',
  'tdx.qe.report-data': 'peer',
  'tdx.qe.identity': 'peer',
  'tdx.qe.attributes': 'peer',
  'tdx.qe.level': 'platform',
  'tdx.pck.certificates': 'peer',
  'tdx.pck.root': 'peer',
  'tdx.pck.names': 'peer',
  'tdx.pck.chain': 'peer',
  'tdx.pck.validity': 'clock',
  'tdx.pck.extension': 'peer',
  'tdx.pck.revocation': 'peer',
  'tdx.collateral.format': 'collateral',
  'tdx.collateral.number': 'collateral',
  'tdx.signing.certificates': 'collateral',
  'tdx.signing.root': 'collateral',
  'tdx.signing.names': 'collateral',
  'tdx.signing.chain': 'collateral',
  'tdx.signing.validity': 'collateral',
  'tdx.signing.revocation': 'collateral',
  'tdx.root-crl.format': 'collateral',
  'tdx.root-crl.signature': 'collateral',
  'tdx.root-crl.validity': 'collateral',
  'tdx.pck-crl.format': 'collateral',
  'tdx.pck-crl.signature': 'collateral',
  'tdx.pck-crl.validity': 'collateral',
  'tdx.tcb-info.signature': 'collateral',
  'tdx.tcb-info.format': 'collateral',
  'tdx.tcb-info.validity': 'collateral',
  'tdx.tcb-info.platform': 'collateral',
  'tdx.qe-identity.signature': 'collateral',
  'tdx.qe-identity.format': 'collateral',
  'tdx.qe-identity.validity': 'collateral',
  'tdx.module.identity': 'platform',
  'tdx.module.signer': 'peer',
  'tdx.module.attributes': 'peer',
  'tdx.module.measurement': 'peer',
  'tdx.td.debug': 'debug',
  'tdx.td.attributes': 'peer',
  'tdx.td.sept-ve': 'peer',
  'tdx.td.xfam': 'peer',
  'tdx.td.service-td': 'peer',
  'tdx.tcb.level': 'platform',
  'tdx.tcb.status': 'platform',
  'tdx.tcb.advisories': 'platform',
  'snp.report.format': 'peer',
  'snp.report.algorithm': 'peer',
  'snp.report.signing-key': 'peer',
  'snp.report.signature': 'peer',
  'snp.report.copy': 'peer',
  'snp.guest.debug': 'debug',
  'snp.report.flags': 'peer',
  'snp.guest.migration': 'peer',
  'snp.guest.policy': 'peer',
  'snp.guest.vmpl': 'peer',
  'snp.collateral.format': 'collateral',
  'snp.vcek.pem': 'peer',
  'snp.vcek.certificate': 'peer',
  'snp.vcek.extensions': 'peer',
  'snp.product': 'amd',
  'snp.chain.root': 'collateral',
  'snp.chain.signatures': 'collateral',
  'snp.chain.validity': 'collateral',
  'snp.crl.format': 'collateral',
  'snp.crl.signature': 'collateral',
  'snp.crl.validity': 'collateral',
  'snp.crl.revocation': 'peer',
  'snp.vcek.chip': 'peer',
  'snp.vcek.tcb': 'peer',
  'snp.tcb.order': 'platform',
  'snp.tcb.floor': 'platform',
  'bundle.format': 'bundle',
  'bundle.report': 'bundle',
  'unsafe.accepted': 'unsafe',
  'unsafe.fake-evidence': 'peer'
} as const

/** Id of a check. */
export type CheckId = keyof typeof REMEDY_OF

/** Every id, in the order of reports. */
export const CHECK_IDS: readonly CheckId[] = Object.keys(REMEDY_OF) as CheckId[]

/** Checks whose failure is reported and does not refuse. */
const ADVISORY: readonly CheckId[] = ['certificate.lifetime', 'tdx.tcb.advisories']

/** What can be done when a check fails. */
export function remedyOf(id: CheckId): string {
  return REMEDIES[REMEDY_OF[id]]
}

/**
 * Whether a failure refuses the peer. A policy relaxes what counts as a pass (`tdx.tcb.status`, floors); it cannot make an
 * enforced check advisory.
 */
export function isEnforced(id: CheckId): boolean {
  return !ADVISORY.includes(id)
}
