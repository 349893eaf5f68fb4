/**
 * AMD's root keys (ARK) for SEV-SNP, each named by the SHA-256 of its self-signed certificate.
 *
 * Source: AMD's key distribution service (AMD 57230), `/vcek/v1/{product}/cert_chain`. It could not be asked when this was
 * written. The certificates are those that public verifiers carry (all three veehaitch/routex-client-lua; Genoa also
 * @tinfoilsh/verifier 1.1.0, Turin also google/go-sev-guest); each is self-signed, names the key that it holds, and signs
 * the ASK of its product; and each fingerprint is the one that several unrelated projects noted down from the service.
 * test/vectors/amd keeps the certificates, test/attestation/amd-roots.test.ts checks them.
 *
 * @module
 */
import type { AmdRoots } from '../trust.js'

/** ARK by product line. Valid to 2045-10-22, 2047-01-26 and 2048-05-15. */
export const AMD_ROOTS: AmdRoots = {
  Milan: '69d063b45344d26a2e94e1f4210de49ef555308287d4c174445c95639a540bcd',
  Genoa: '4c6598d19c18719c5dfd4a7d335f674e5bfe1d8f800cea2cf270c10d103db2f1',
  Turin: '1f084161a44bb6d93778a904877d4819cafa5d05ef4193b2ded9dd9c73dd3f6a'
}
