/**
 * AMD SEV-SNP evidence, one part that is loaded when a peer presents such.
 *
 * @module
 */
export { snapshotSnpCollateral } from './collateral.js'
export { examineSnpEvidence } from './examine-evidence.js'
export { requestForVcek } from './request.js'
