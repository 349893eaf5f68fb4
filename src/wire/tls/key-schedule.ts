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

/** Secrets that exist once the key exchange is done; each is still being computed, so that they overlap. */
export interface HandshakeSecrets {
  readonly client: Promise<CryptoKey>
  readonly server: Promise<CryptoKey>
  readonly master: Promise<CryptoKey>
}

/** What does not depend on a connection, computed once per suite. */
interface SuiteConstants {
  /** `Derive-Secret(HKDF-Extract(0, 0), "derived", "")`: the salt of the handshake secret when there is no PSK. */
  readonly salt: CryptoKey
  /** Hash of nothing. */
  readonly emptyHash: Uint8Array
}

const constants = new Map<string, Promise<SuiteConstants>>()

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
  const { salt, emptyHash } = await suiteConstants(suite)
  const handshake = await extractSecret(suite, salt, shared)
  const derive = (label: string, hash: Uint8Array): Promise<CryptoKey> => deriveSecret(suite, handshake, label, hash)
  return {
    server: overlap(derive('s hs traffic', helloHash)),
    client: overlap(derive('c hs traffic', helloHash)),
    master: overlap(
      derive('derived', emptyHash).then((next) => extractSecret(suite, next, new Uint8Array(suite.hashLength)))
    )
  }
}

/** Lets a computation run beside others: its failure waits for whoever awaits it. */
export function overlap<T>(computation: Promise<T>): Promise<T> {
  computation.catch(() => undefined)
  return computation
}

/** The traffic secret after this one, RFC 8446 §7.2. */
export async function nextTrafficSecret(suite: CipherSuite, secret: CryptoKey): Promise<CryptoKey> {
  return deriveSecret(suite, secret, 'traffic upd', NOTHING)
}

/** Key of the Finished messages that this side sends, RFC 8446 §4.4.4. */
export async function finishedKey(suite: CipherSuite, trafficSecret: CryptoKey): Promise<CryptoKey> {
  return deriveSecret(suite, trafficSecret, 'finished', NOTHING)
}

/** Exported keying material, RFC 8446 §7.5. */
export async function exportKeyingMaterial(
  suite: CipherSuite,
  exporter: CryptoKey,
  label: string,
  context: Uint8Array,
  length: number
): Promise<Uint8Array> {
  const [{ emptyHash }, contextHash] = await Promise.all([suiteConstants(suite), digest(suite, context)])
  const secret = await deriveSecret(suite, exporter, label, emptyHash)
  return expandLabel(suite, secret, 'exporter', contextHash, length)
}

function suiteConstants(suite: CipherSuite): Promise<SuiteConstants> {
  let values = constants.get(suite.name)
  if (values === undefined) {
    values = computeConstants(suite)
    constants.set(suite.name, values)
    // A failure (no WebCrypto yet) must not be remembered.
    values.catch(() => constants.delete(suite.name))
  }
  return values
}

async function computeConstants(suite: CipherSuite): Promise<SuiteConstants> {
  const emptyHash = await digest(suite, NOTHING)
  const zeros = await importHmacKey(suite, new Uint8Array(suite.hashLength))
  const early = await extractSecret(suite, zeros, new Uint8Array(suite.hashLength))
  return { emptyHash, salt: await deriveSecret(suite, early, 'derived', emptyHash) }
}
