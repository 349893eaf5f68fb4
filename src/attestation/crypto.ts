/**
 * The few primitives that verification needs, on WebCrypto: SHA-2, ECDSA over P-256 and P-384, RSA-PSS. Verifiers answer
 * `false` for anything malformed, they do not throw.
 *
 * @module
 */
type Bytes = Uint8Array<ArrayBuffer>

/** WebCrypto takes views over plain buffers only; a view over anything else is copied. */
function plain(bytes: Uint8Array): Bytes {
  return bytes.buffer instanceof ArrayBuffer ? (bytes as Bytes) : new Uint8Array(bytes)
}

/** SHA-256, 32 bytes. */
export async function sha256(bytes: Uint8Array): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', plain(bytes)))
}

/** SHA-512, 64 bytes. */
export async function sha512(bytes: Uint8Array): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest('SHA-512', plain(bytes)))
}

const CURVES = {
  'P-256': { hash: 'SHA-256', pointBytes: 65, signatureBytes: 64 },
  'P-384': { hash: 'SHA-384', pointBytes: 97, signatureBytes: 96 }
} as const

/** Curve with the hash that goes with it everywhere in this room. */
export type Curve = keyof typeof CURVES

/** Imports a public point `04 ‖ X ‖ Y`; `undefined` when it is not one of the curve. */
export async function importPoint(curve: Curve, point: Uint8Array): Promise<CryptoKey | undefined> {
  if (point.length !== CURVES[curve].pointBytes || point[0] !== 4) return undefined
  try {
    return await crypto.subtle.importKey('raw', plain(point), { name: 'ECDSA', namedCurve: curve }, false, ['verify'])
  } catch {
    return undefined
  }
}

/**
 * ECDSA: P-256 with SHA-256 or P-384 with SHA-384.
 *
 * @param key - From {@link importPoint}; `undefined` verifies nothing.
 * @param signature - `r ‖ s`, big-endian, fixed width.
 */
export async function verifyEcdsa(
  curve: Curve,
  key: CryptoKey | undefined,
  signature: Uint8Array,
  signed: Uint8Array
): Promise<boolean> {
  const { hash, signatureBytes } = CURVES[curve]
  if (key === undefined || signature.length !== signatureBytes) return false
  try {
    return await crypto.subtle.verify({ name: 'ECDSA', hash }, key, plain(signature), plain(signed))
  } catch {
    return false
  }
}

/** RSA-PSS with SHA-384 and a 48-byte salt, as AMD's certificates use it. @param spki - SubjectPublicKeyInfo, DER. */
export async function verifyRsaPss(spki: Uint8Array, signature: Uint8Array, signed: Uint8Array): Promise<boolean> {
  try {
    const algorithm = { name: 'RSA-PSS', hash: 'SHA-384' }
    const key = await crypto.subtle.importKey('spki', plain(spki), algorithm, false, ['verify'])
    return await crypto.subtle.verify({ name: 'RSA-PSS', saltLength: 48 }, key, plain(signature), plain(signed))
  } catch {
    return false
  }
}
