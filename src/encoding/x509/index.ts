/**
 * X.509: makes Ed25519 certificates, reads what attestation needs.
 *
 * @module
 */

export { createClientCertificate } from './client-certificate.js'
export {
  type CertificateExtension,
  createEd25519Certificate,
  type Ed25519CertificateOptions,
  type NameAttribute,
  referenceExtensions
} from './create-certificate.js'
export { verifyEd25519 } from './ed25519.js'
export { type ParsedCertificate, parseCertificate } from './parse-certificate.js'
export { type ParsedCrl, parseCrl } from './parse-crl.js'
export { commonNameOf, roleOf } from './names.js'
export { decodeCertificateChainPem, encodeCertificatePem } from './pem.js'
