/**
 * The key schedule of RFC 8446 §7 without pre-shared keys.
 *
 * Secrets that only the handshake needs are erased by whoever asked for them; what outlives it is kept by WebCrypto, which
 * does not give it back. With SHA-256 the former never leave the thread.
 *
 * @module
 */
import { concatBytes, encodeUtf8 } from '../../encoding/index.js'
import { type CipherSuite, createSecret, digest, type Secret } from './cipher-suites.js'

const NOTHING = /* @__PURE__ */ new Uint8Array(0)

/** Secrets that exist once the key exchange is done. */
export interface HandshakeSecrets {
  readonly client: Secret
  readonly server: Secret
  readonly master: Secret
}

const salts = /* @__PURE__ */ new Map<CipherSuite, Promise<Secret>>()

/**
 * HKDF-Expand-Label, RFC 8446 §7.1.
 *
 * @param length - Output bytes, 1…255 times the hash's length.
 */
export async function expandLabel(
  suite: CipherSuite,
  secret: Secret,
  label: string,
  context: Uint8Array = NOTHING,
  length: number = suite.hashLength
): Promise<Uint8Array> {
  const name = encodeUtf8(`tls13 ${label}`)
  const info = concatBytes(
    Uint8Array.of(length >> 8, length, name.length),
    name,
    Uint8Array.of(context.length),
    context
  )
  const output = new Uint8Array(length)
  let block: Uint8Array = NOTHING
  for (let offset = 0, counter = 1; offset < length; offset += suite.hashLength, counter++) {
    block = await secret.mac(concatBytes(block, info, Uint8Array.of(counter)))
    output.set(block.subarray(0, length - offset), offset)
  }
  block.fill(0)
  return output
}

/** Derive-Secret, RFC 8446 §7.1, with the transcript's hash already computed. */
export async function deriveSecret(
  suite: CipherSuite,
  secret: Secret,
  label: string,
  transcriptHash?: Uint8Array
): Promise<Secret> {
  return createSecret(suite, await expandLabel(suite, secret, label, transcriptHash))
}

/**
 * The salt of the handshake secret when there is no PSK, `Derive-Secret(HKDF-Extract(0, 0), "derived", "")`: the same for
 * every connection, so it is computed once, and nothing is secret about it.
 */
export function handshakeSalt(suite: CipherSuite): Promise<Secret> {
  let salt = salts.get(suite)
  if (salt === undefined) {
    salt = deriveSalt(suite)
    salts.set(suite, salt)
    // A failure (no WebCrypto yet) must not be remembered.
    salt.catch(() => salts.delete(suite))
  }
  return salt
}

async function deriveSalt(suite: CipherSuite): Promise<Secret> {
  const zeros = new Uint8Array(suite.hashLength)
  const early = createSecret(suite, await createSecret(suite, zeros).mac(zeros.slice()))
  return deriveSecret(suite, early, 'derived', await digest(suite, NOTHING))
}

/**
 * Secrets of the handshake: HKDF-Extract over the shared key, then both traffic secrets and the master secret.
 *
 * @param shared - Result of the key exchange; erased.
 * @param helloHash - Transcript hash through ServerHello.
 */
export async function deriveHandshakeSecrets(
  suite: CipherSuite,
  shared: Uint8Array,
  helloHash: Uint8Array
): Promise<HandshakeSecrets> {
  const handshake = createSecret(suite, await (await handshakeSalt(suite)).mac(shared))
  shared.fill(0)
  const [client, server, next] = await Promise.all([
    deriveSecret(suite, handshake, 'c hs traffic', helloHash),
    deriveSecret(suite, handshake, 's hs traffic', helloHash),
    deriveSecret(suite, handshake, 'derived', await digest(suite, NOTHING))
  ])
  const master = createSecret(suite, await next.mac(new Uint8Array(suite.hashLength)))
  handshake.erase()
  next.erase()
  return { client, server, master }
}

/** Exported keying material, RFC 8446 §7.5. */
export async function exportKeyingMaterial(
  suite: CipherSuite,
  exporter: Secret,
  label: string,
  context: Uint8Array,
  length: number
): Promise<Uint8Array> {
  const secret = await deriveSecret(suite, exporter, label, await digest(suite, NOTHING))
  return expandLabel(suite, secret, 'exporter', await digest(suite, context), length)
}
