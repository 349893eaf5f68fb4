/**
 * What the client port accepts as a client certificate (policy `any`).
 *
 * Source: wire.md §3.4, the observed matrix.
 *
 * @module
 */
import { X509Certificate } from 'node:crypto'

/** Extended key usage of TLS clients. */
const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2'
/** The two extensions that the verifier knows besides OpenSSL's. */
const KNOWN_CRITICAL = new Set(['1.3.6.1.4.1.12345.1', '1.3.6.1.4.1.12345.2'])
/** Critical extensions that OpenSSL handles. */
const OPENSSL_CRITICAL = new Set([
  '2.5.29.15',
  '2.5.29.17',
  '2.5.29.19',
  '2.5.29.37',
  '2.5.29.30',
  '2.5.29.36',
  '2.5.29.32'
])

interface Element {
  readonly tag: number
  readonly content: Uint8Array
}

/** Elements of a DER content; stops at the first that does not fit. */
function elements(bytes: Uint8Array): Element[] {
  const found: Element[] = []
  let at = 0
  while (at + 2 <= bytes.length) {
    const tag = bytes[at] ?? 0
    let length = bytes[at + 1] ?? 0
    at += 2
    if (length > 0x80) {
      const octets = length - 0x80
      length = 0
      for (let index = 0; index < octets; index++) length = length * 256 + (bytes[at + index] ?? 0)
      at += octets
    }
    if (at + length > bytes.length) break
    found.push({ tag, content: bytes.subarray(at, at + length) })
    at += length
  }
  return found
}

function oidText(content: Uint8Array): string {
  const arcs: number[] = []
  let value = 0
  for (const byte of content) {
    value = value * 128 + (byte & 0x7f)
    if ((byte & 0x80) === 0) {
      arcs.push(value)
      value = 0
    }
  }
  const first = arcs.shift() ?? 0
  const root = Math.min(2, Math.floor(first / 40))
  return [root, first - root * 40, ...arcs].join('.')
}

interface Extension {
  readonly oid: string
  readonly critical: boolean
  readonly value: Uint8Array
}

function extensionsOf(certificate: Uint8Array): Extension[] {
  const body = elements(elements(elements(certificate)[0]?.content ?? new Uint8Array())[0]?.content ?? new Uint8Array())
  const wrapped = body.find((element) => element.tag === 0xa3)
  const list = elements(elements(wrapped?.content ?? new Uint8Array())[0]?.content ?? new Uint8Array())
  return list.map((item) => {
    const parts = elements(item.content)
    return {
      oid: oidText(parts[0]?.content ?? new Uint8Array()),
      critical: parts[1]?.tag === 1 && parts[1].content[0] !== 0,
      value: parts.at(-1)?.content ?? new Uint8Array()
    }
  })
}

function extensionProblem(extension: Extension): string | undefined {
  const { oid, critical, value } = extension
  if (critical && !OPENSSL_CRITICAL.has(oid) && !KNOWN_CRITICAL.has(oid)) return 'unknown critical extension'
  if (oid === '2.5.29.37') {
    const purposes = elements(elements(value)[0]?.content ?? new Uint8Array()).map((item) => oidText(item.content))
    if (!purposes.includes(CLIENT_AUTH)) return 'not for TLS clients'
  }
  if (oid === '2.5.29.15') {
    const bits = elements(value)[0]?.content[1] ?? 0
    if ((bits & 0x80) === 0) return 'no digitalSignature'
  }
  return undefined
}

/** Why the server refuses this certificate (it then closes without a word), or `undefined`. */
export function clientCertificateProblem(raw: Uint8Array | undefined, nowUnixMs: number): string | undefined {
  if (raw === undefined) return 'no certificate'
  let certificate: X509Certificate
  try {
    certificate = new X509Certificate(raw)
  } catch {
    return 'unreadable certificate'
  }
  if (certificate.publicKey.asymmetricKeyType !== 'ed25519') return 'not an Ed25519 key'
  if (!certificate.verify(certificate.publicKey)) return 'not self-signed'
  if (Date.parse(certificate.validFrom) > nowUnixMs) return 'not yet valid'
  if (Date.parse(certificate.validTo) < nowUnixMs) return 'expired'
  for (const extension of extensionsOf(raw)) {
    const problem = extensionProblem(extension)
    if (problem !== undefined) return problem
  }
  return undefined
}
