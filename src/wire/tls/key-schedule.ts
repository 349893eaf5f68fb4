/**
 * The key schedule of RFC 8446 §7 without pre-shared keys.
 *
 * Every secret is kept as an HMAC key that WebCrypto does not give back; the bytes it was made from are erased. HMAC is
 * all that HKDF needs, and a runtime then never shows a secret to the page.
 *
 * @module
 */
import { concatBytes, encodeUtf8 } from '../../encoding/index.js'
import { type CipherSuite, digest, hmac, importHmacKey } from './cipher-suites.js'

const NOTHING = new Uint8Array(0)

/** Secrets that exist once the key exchange is done. */
export interface HandshakeSecrets {
  readonly client: CryptoKey
  readonly server: CryptoKey
  readonly master: CryptoKey
}

/** Secrets that exist once the server has finished. */
export interface ApplicationSecrets {
  readonly client: CryptoKey
  readonly server: CryptoKey
  readonly exporter: CryptoKey
}

/** Secret without a pre-shared key: the same for every connection, hence computed once per suite. */
const initialSecrets = new Map<string, Promise<CryptoKey>>()

/** HKDF-Extract (RFC 5869 §2.2) with the salt as an HMAC key. Erases `input`. */
export async function extractSecret(suite: CipherSuite, salt: CryptoKey, input: Uint8Array): Promise<CryptoKey> {
  const secret = await hmac(salt, input)
  input.fill(0)
  return importHmacKey(suite, secret)
}

/**
 * HKDF-Expand-Label, RFC 8446 §7.1.
 *
 * @param length - Output bytes, 1…255 times the hash's length.
 */
export async function expandLabel(
  suite: CipherSuite,
  secret: CryptoKey,
  label: string,
  context: Uint8Array,
  length: number
): Promise<Uint8Array> {
  const name = encodeUtf8(`tls13 ${label}`)
  const info = concatBytes(
    Uint8Array.of(length >> 8, length & 0xff, name.length),
    name,
    Uint8Array.of(context.length),
    context
  )
  const output = new Uint8Array(length)
  let block: Uint8Array = NOTHING
  for (let offset = 0, counter = 1; offset < length; offset += suite.hashLength, counter++) {
    block = await hmac(secret, concatBytes(block, info, Uint8Array.of(counter)))
    output.set(block.subarray(0, length - offset), offset)
  }
  block.fill(0)
  return output
}

/** Derive-Secret, RFC 8446 §7.1, with the transcript's hash already computed. */
export async function deriveSecret(
  suite: CipherSuite,
  secret: CryptoKey,
  label: string,
  transcriptHash: Uint8Array
): Promise<CryptoKey> {
  return importHmacKey(suite, await expandLabel(suite, secret, label, transcriptHash, suite.hashLength))
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
  const [initial, emptyHash] = await Promise.all([initialSecret(suite), digest(suite, NOTHING)])
  const handshake = await extractSecret(suite, initial, shared)
  const [client, server, master] = await Promise.all([
    deriveSecret(suite, handshake, 'c hs traffic', helloHash),
    deriveSecret(suite, handshake, 's hs traffic', helloHash),
    deriveSecret(suite, handshake, 'derived', emptyHash).then((salt) =>
      extractSecret(suite, salt, new Uint8Array(suite.hashLength))
    )
  ])
  return { client, server, master }
}

/** Secrets for application data. @param finishedHash - Transcript hash through the server's Finished. */
export async function deriveApplicationSecrets(
  suite: CipherSuite,
  master: CryptoKey,
  finishedHash: Uint8Array
): Promise<ApplicationSecrets> {
  const [client, server, exporter] = await Promise.all([
    deriveSecret(suite, master, 'c ap traffic', finishedHash),
    deriveSecret(suite, master, 's ap traffic', finishedHash),
    deriveSecret(suite, master, 'exp master', finishedHash)
  ])
  return { client, server, exporter }
}

/** The traffic secret after this one, RFC 8446 §7.2. */
export async function nextTrafficSecret(suite: CipherSuite, secret: CryptoKey): Promise<CryptoKey> {
  return deriveSecret(suite, secret, 'traffic upd', NOTHING)
}

/** `verify_data` of a Finished message, RFC 8446 §4.4.4. */
export async function finishedMac(
  suite: CipherSuite,
  trafficSecret: CryptoKey,
  transcriptHash: Uint8Array
): Promise<Uint8Array> {
  return hmac(await deriveSecret(suite, trafficSecret, 'finished', NOTHING), transcriptHash)
}

/** Exported keying material, RFC 8446 §7.5. */
export async function exportKeyingMaterial(
  suite: CipherSuite,
  exporter: CryptoKey,
  label: string,
  context: Uint8Array,
  length: number
): Promise<Uint8Array> {
  const [emptyHash, contextHash] = await Promise.all([digest(suite, NOTHING), digest(suite, context)])
  const secret = await deriveSecret(suite, exporter, label, emptyHash)
  return expandLabel(suite, secret, 'exporter', contextHash, length)
}

/** Salt of the handshake secret: `Derive-Secret(HKDF-Extract(0, 0), "derived", "")`. */
function initialSecret(suite: CipherSuite): Promise<CryptoKey> {
  let secret = initialSecrets.get(suite.name)
  if (secret === undefined) {
    secret = (async () => {
      const zeros = await importHmacKey(suite, new Uint8Array(suite.hashLength))
      const early = await extractSecret(suite, zeros, new Uint8Array(suite.hashLength))
      return deriveSecret(suite, early, 'derived', await digest(suite, NOTHING))
    })()
    initialSecrets.set(suite.name, secret)
    // A failure (no WebCrypto yet) must not be remembered.
    secret.catch(() => initialSecrets.delete(suite.name))
  }
  return secret
}
