/**
 * The table of checks: every reason for which the library can refuse a peer has one id here, a title and a remedy. Ids
 * are API. Each has a page under docs/checks, made from this table by `scripts/generate-check-pages.mjs`.
 *
 * @module
 */

/** What can be done about a failed check, by group; shared so that the table stays small in a bundle. */
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

/** Rows in the order in which reports list them: what must hold, and which remedy belongs to it. */
const ROWS = {
  'input.evidence': ['The evidence is a byte array of acceptable size', 'caller'],
  'input.time': ['The time to judge at is a valid date', 'caller'],
  'input.policy': ['The policy is well-formed', 'caller'],
  'input.trust': ['Trust anchors are built in or come from a devnet description', 'caller'],
  'policy.accepts': ['The policy accepts peers at all', 'unsafe'],
  'policy.collateral': ['Collateral for the evidence could be obtained', 'fetch'],
  'verifier.internal': ['The verifier itself worked', 'bug'],
  'certificate.der': ['The certificate is one strictly encoded X.509 structure', 'peer'],
  'certificate.version': ['The certificate is version 3, or version 1 as the reference server writes it', 'peer'],
  'certificate.key': ['The certificate key is Ed25519', 'peer'],
  'certificate.issuer': ['Issuer and subject are the same name', 'peer'],
  'certificate.signature': ['The certificate is signed by its own key', 'peer'],
  'certificate.validity': ['The certificate is valid now, give or take the clock skew', 'clock'],
  'certificate.lifetime': ['The certificate does not outlive the 24 hours of the reference', 'peer'],
  'certificate.extensions': ['Extensions are unique and every critical one is understood', 'peer'],
  'certificate.usage': ['The certificate is an end entity that may sign and serve', 'peer'],
  'certificate.evidence': ['The certificate carries critical evidence of exactly one kind', 'peer'],
  'certificate.evidence-size': ['The evidence is not larger than 32 KiB', 'peer'],
  'certificate.claims': ['The claims beside the evidence name the key of the certificate', 'peer'],
  'evidence.genuine': ['The evidence is not of a fake kind', 'unsafe'],
  'binding.report-data': ['The evidence was made for the key of this certificate', 'peer'],
  'image.allow-list': ['The policy lists at least one image hash of 64 hex digits', 'list'],
  'image.constant': ['The image hash is not that of empty or fake evidence', 'peer'],
  'image.hash': ['The image hash is in the allow-list', 'image'],
  'tdx.quote.header': ['The quote is version 4 or 5, ECDSA P-256, TDX', 'peer'],
  'tdx.quote.vendor': ['The quoting enclave is the one of Intel', 'peer'],
  'tdx.quote.body': ['The quote body is of a known type and of its exact size', 'peer'],
  'tdx.quote.length': ['All lengths add up and only zeros follow the declared end', 'peer'],
  'tdx.quote.certification': ['The quote holds its own PCK chain (certification data 6 and 5)', 'peer'],
  'tdx.quote.pem': ['The PCK chain is in canonical PEM, byte for byte', 'peer'],
  'tdx.quote.signature': ['The quote is signed by its attestation key', 'peer'],
  'tdx.qe.signature': ['The report of the quoting enclave is signed by the PCK', 'peer'],
  'tdx.qe.report-data': ['The quoting enclave vouches for the attestation key', 'peer'],
  'tdx.qe.identity': ['Signer and product of the quoting enclave are as published', 'peer'],
  'tdx.qe.attributes': ['Attributes of the quoting enclave are as published, debug off', 'peer'],
  'tdx.qe.level': ['The quoting enclave is at a published level', 'platform'],
  'tdx.pck.certificates': ['The PCK chain parses: leaf, intermediate, root', 'peer'],
  'tdx.pck.root': ['The PCK chain ends in the trusted root, byte for byte', 'peer'],
  'tdx.pck.names': ['The PCK chain carries the names of a PCK chain', 'peer'],
  'tdx.pck.chain': ['Issuers, roles and signatures of the PCK chain are right', 'peer'],
  'tdx.pck.validity': ['The PCK chain is valid now', 'clock'],
  'tdx.pck.extension': ['The PCK carries the SGX extension with all its parts', 'peer'],
  'tdx.pck.revocation': ['No certificate of the PCK chain is revoked', 'peer'],
  'tdx.collateral.format': ['The collateral has all parts, of the right type and size', 'collateral'],
  'tdx.collateral.number': ['TCB evaluation data numbers reach the floor of the policy', 'collateral'],
  'tdx.signing.certificates': ['The chains of the collateral parse', 'collateral'],
  'tdx.signing.root': ['The chains of the collateral end in the trusted root, byte for byte', 'collateral'],
  'tdx.signing.names': ['The chains of the collateral carry the names of signers of collateral', 'collateral'],
  'tdx.signing.chain': ['Issuers, roles and signatures of the collateral chains are right', 'collateral'],
  'tdx.signing.validity': ['The chains of the collateral are valid now', 'collateral'],
  'tdx.signing.revocation': ['No signer of the collateral is revoked', 'collateral'],
  'tdx.root-crl.format': ['The CRL of the root parses', 'collateral'],
  'tdx.root-crl.signature': ['The CRL of the root is issued and signed by the root', 'collateral'],
  'tdx.root-crl.validity': ['The CRL of the root is current', 'collateral'],
  'tdx.pck-crl.format': ['The CRL for PCKs parses', 'collateral'],
  'tdx.pck-crl.signature': ['The CRL for PCKs is issued and signed by the issuer of the PCK', 'collateral'],
  'tdx.pck-crl.validity': ['The CRL for PCKs is current', 'collateral'],
  'tdx.tcb-info.signature': ['The TCB info is signed by Intel over its exact text', 'collateral'],
  'tdx.tcb-info.format': ['The TCB info is version 3 for TDX and well-formed', 'collateral'],
  'tdx.tcb-info.validity': ['The TCB info is current', 'collateral'],
  'tdx.tcb-info.platform': ['The TCB info is for the platform of the PCK', 'collateral'],
  'tdx.qe-identity.signature': ['The QE identity is signed by Intel over its exact text', 'collateral'],
  'tdx.qe-identity.format': ['The QE identity is the one for TDX and well-formed', 'collateral'],
  'tdx.qe-identity.validity': ['The QE identity is current', 'collateral'],
  'tdx.module.identity': ['The TDX module is one that Intel publishes', 'platform'],
  'tdx.module.signer': ['The TDX module is signed by Intel', 'peer'],
  'tdx.module.attributes': ['The attributes of the TDX module are zero, as published', 'peer'],
  'tdx.module.measurement': ['A TDX module was measured', 'peer'],
  'tdx.td.debug': ['The trust domain is not debuggable', 'debug'],
  'tdx.td.attributes': ['No reserved or weakening attribute of the trust domain is set', 'peer'],
  'tdx.td.sept-ve': ['Page removal by the host is fatal instead of silent (SEPT_VE_DISABLE)', 'peer'],
  'tdx.td.xfam': ['The extended features of the trust domain are within the known mask', 'peer'],
  'tdx.td.service-td': ['No service domain is bound to the trust domain', 'peer'],
  'tdx.tcb.level': ['The platform matches a published TCB level', 'platform'],
  'tdx.tcb.status': ['The TCB status is UpToDate or tolerated by the policy', 'platform'],
  'tdx.tcb.advisories': ['No security advisory applies to the platform', 'platform'],
  'snp.report.format': ['The report is 1184 bytes of a known version, reserved bytes zero', 'peer'],
  'snp.report.algorithm': ['The report is signed with ECDSA P-384 and SHA-384', 'peer'],
  'snp.report.signing-key': ['The report is signed by the VCEK', 'peer'],
  'snp.report.signature': ['The signature of the report verifies', 'peer'],
  'snp.report.copy': ['The report data beside the report equals the one inside', 'peer'],
  'snp.guest.debug': ['The guest is not debuggable', 'debug'],
  'snp.report.flags': ['The chip id is shown and reserved flags are zero', 'peer'],
  'snp.guest.migration': ['No migration agent is bound to the guest', 'peer'],
  'snp.guest.policy': ['Reserved bits of the guest policy are as AMD defines them', 'peer'],
  'snp.guest.vmpl': ['The report was asked for at VMPL 0', 'peer'],
  'snp.collateral.format': ['The AMD collateral has all parts, of the right type and size', 'collateral'],
  'snp.vcek.pem': ['The VCEK is one certificate in canonical PEM', 'peer'],
  'snp.vcek.certificate': ['The VCEK parses and holds a P-384 key', 'peer'],
  'snp.vcek.extensions': ['The VCEK carries product, chip id and TCB', 'peer'],
  'snp.product': ['The root of the product is known', 'amd'],
  'snp.chain.root': ['The chain ends in the trusted root of the product, byte for byte', 'collateral'],
  'snp.chain.signatures': ['Names, roles and signatures of the chain are right', 'collateral'],
  'snp.chain.validity': ['The chain is valid now', 'collateral'],
  'snp.crl.format': ['The CRL of the product parses', 'collateral'],
  'snp.crl.signature': ['The CRL is issued and signed by the root of the product', 'collateral'],
  'snp.crl.validity': ['The CRL is current', 'collateral'],
  'snp.crl.revocation': ['No certificate of the chain is revoked', 'peer'],
  'snp.vcek.chip': ['The chip id of the report is the one of the VCEK', 'peer'],
  'snp.vcek.tcb': ['The reported TCB is the one that the VCEK was made for', 'peer'],
  'snp.tcb.order': ['Reported, committed and current TCB are in ascending order', 'platform'],
  'snp.tcb.floor': ['The reported TCB reaches the floor of the policy', 'platform'],
  'bundle.format': ['The proof bundle is well-formed and not larger than 64 kB', 'bundle'],
  'bundle.report': ['The proof bundle leads to the report that it names', 'bundle'],
  'unsafe.accepted': ['The peer was accepted without proof, because the caller asked for it', 'unsafe'],
  'unsafe.fake-evidence': ['Fake evidence names the key of the certificate', 'peer']
} as const

/** Id of a check. */
export type CheckId = keyof typeof ROWS

/** Every id, in the order of reports. */
export const CHECK_IDS: readonly CheckId[] = Object.keys(ROWS) as CheckId[]

/** Checks whose failure is reported and does not refuse. */
const ADVISORY: ReadonlySet<CheckId> = new Set(['certificate.lifetime', 'tdx.tcb.advisories'])

/** Whether a text is the id of a check. */
export function isCheckId(text: string): text is CheckId {
  return Object.hasOwn(ROWS, text)
}

/**
 * What must hold, in one sentence; and what can be done when it does not. A policy relaxes what
 * counts as a pass (`tdx.tcb.status`, floors); it cannot make an enforced check advisory.
 */
export function describeCheck(id: CheckId): { readonly title: string; readonly remedy: string; readonly enforced: boolean } {
  const [title, remedy] = ROWS[id]
  return { title, remedy: REMEDIES[remedy], enforced: !ADVISORY.has(id) }
}
