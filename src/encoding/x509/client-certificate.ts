/**
 * The throw-away certificate of a client: a fresh key that cannot be read back, the reference's name, no extensions
 * (wire.md §3.4).
 *
 * @module
 */
import { type CertificateContent, type Ed25519Signer, referenceName, signCertificate } from './sign-certificate.js'

/** A certificate whose key can sign. */
export interface ClientCertificate {
  readonly certificateDer: Uint8Array
  /** Signs with the key of the certificate. */
  readonly sign: Ed25519Signer['sign']
}

/**
 * Makes a key and a certificate of version 1 for it. The private half never leaves WebCrypto, or tweetnacl (loaded only
 * then) on runtimes whose WebCrypto lacks Ed25519.
 *
 * @param content.serial - Big-endian magnitude, 1…20 bytes, not all zero.
 */
export async function createClientCertificate(
  content: Pick<CertificateContent, 'serial' | 'notBefore' | 'notAfter'>
): Promise<ClientCertificate> {
  const key = await generateKey()
  const whole = { ...content, isVersion3: false, name: referenceName(), extensions: [] }
  return { certificateDer: await signCertificate(whole, key), sign: (bytes) => key.sign(bytes) }
}

async function generateKey(): Promise<Ed25519Signer> {
  try {
    const pair = (await crypto.subtle.generateKey('Ed25519', false, ['sign', 'verify'])) as CryptoKeyPair
    return {
      publicKey: new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey)),
      sign: async (content) =>
        new Uint8Array(await crypto.subtle.sign('Ed25519', pair.privateKey, new Uint8Array(content)))
    }
  } catch {
    const { default: nacl } = await import('tweetnacl')
    const { publicKey, secretKey } = nacl.sign.keyPair.fromSeed(crypto.getRandomValues(new Uint8Array(32)))
    return { publicKey, sign: async (content) => nacl.sign.detached(content, secretKey) }
  }
}
