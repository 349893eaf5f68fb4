/**
 * Verifies signatures of one verification. Certificates and keys occur several times in evidence and collateral; each key
 * is imported once and each signature is verified once. Lives as long as the verification, shares nothing between two.
 *
 * @module
 */
import { bytesToHex, equalBytes } from '../encoding/index.js'
import { decodeDerEcdsaSignature } from '../encoding/der/index.js'
import type { ParsedCertificate, ParsedCrl } from '../encoding/x509/index.js'
import { type Curve, importPoint, verifyEcdsa, verifyRsaPss } from './crypto.js'

interface Known {
  readonly tbs: Uint8Array
  readonly good: Promise<boolean>
}

/** Keys and signatures of one verification. Safe to use in parallel. */
export class Signatures {
  readonly #keys = new Map<string, Promise<CryptoKey | undefined>>()
  readonly #known = new Map<string, Known>()

  /** Whether `signed` carries a signature by the key of `issuer`. */
  async isIssued(signed: ParsedCertificate | ParsedCrl, issuer: ParsedCertificate): Promise<boolean> {
    const id = `${bytesToHex(issuer.publicKey.bytes)}:${bytesToHex(signed.signature)}`
    const known = this.#known.get(id)
    if (known !== undefined && equalBytes(known.tbs, signed.tbs)) return await known.good
    const good = this.#verify(signed, issuer)
    this.#known.set(id, { tbs: signed.tbs, good })
    return await good
  }

  /** ECDSA with a point `04 ‖ X ‖ Y` and a signature `r ‖ s`. */
  async isSigned(curve: Curve, point: Uint8Array, signature: Uint8Array, signed: Uint8Array): Promise<boolean> {
    const id = bytesToHex(point)
    const key = this.#keys.get(id) ?? importPoint(curve, point)
    this.#keys.set(id, key)
    return await verifyEcdsa(curve, await key, signature, signed)
  }

  async #verify(signed: ParsedCertificate | ParsedCrl, issuer: ParsedCertificate): Promise<boolean> {
    const { algorithm, bytes, spki } = issuer.publicKey
    try {
      switch (signed.signatureAlgorithm) {
        case 'ECDSA-P256-SHA256':
          return (
            algorithm === 'P-256' &&
            (await this.isSigned('P-256', bytes, decodeDerEcdsaSignature(signed.signature, 32), signed.tbs))
          )
        case 'ECDSA-SHA384':
          return (
            algorithm === 'P-384' &&
            (await this.isSigned('P-384', bytes, decodeDerEcdsaSignature(signed.signature, 48), signed.tbs))
          )
        case 'RSA-PSS-SHA384':
          return algorithm === 'RSA' && (await verifyRsaPss(spki, signed.signature, signed.tbs))
        default:
          return false
      }
    } catch {
      return false // a signature that is no ECDSA-Sig-Value
    }
  }
}
