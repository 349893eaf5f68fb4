/**
 * The few primitives that verification needs, on WebCrypto: SHA-2, ECDSA over P-256 and P-384, RSA-PSS, Ed25519 (with
 * tweetnacl, loaded only then, where WebCrypto lacks it). Verifiers answer `false` for anything malformed, they do not throw.
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

/** Order of the Ed25519 group, little-endian (RFC 8032 §5.1). */
const ED25519_ORDER_LE = Uint8Array.of(
  ...[0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14],
  ...new Uint8Array(15),
  0x10
)

/** Ed25519. A scalar S at or above the group order is refused on every runtime, so that a signature has one form only. */
export async function verifyEd25519(
  publicKey: Uint8Array,
  signature: Uint8Array,
  signed: Uint8Array
): Promise<boolean> {
  if (publicKey.length !== 32 || signature.length !== 64 || !isBelowOrder(signature.subarray(32))) return false
  try {
    const key = await crypto.subtle.importKey('raw', plain(publicKey), 'Ed25519', false, ['verify'])
    return await crypto.subtle.verify('Ed25519', key, plain(signature), plain(signed))
  } catch {
    const { default: nacl } = await import('tweetnacl')
    return nacl.sign.detached.verify(signed, signature, publicKey)
  }
}

function isBelowOrder(scalarLe: Uint8Array): boolean {
  for (let index = 31; index >= 0; index--) {
    const difference = (scalarLe[index] ?? 0) - (ED25519_ORDER_LE[index] ?? 0)
    if (difference !== 0) return difference < 0
  }
  return false
}
