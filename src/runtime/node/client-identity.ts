/**
 * The throw-away certificate that the native TLS engine presents: made in memory, one per process, renewed before it
 * expires. It proves nothing and is tied to no account (wire.md §3.4); the network only wants an Ed25519 certificate that
 * is valid now.
 *
 * @module
 */
import type { SecureContext } from 'node:tls'
import { encodeBase64 } from '../../encoding/base64.js'
import type { Clock, Random } from '../ports/clock.js'

const HOUR_MS = 3_600_000
/** Server clocks that are behind ours still find the certificate valid. */
const BACK_DATED_MS = 12 * HOUR_MS
const VALID_FOR_MS = 48 * HOUR_MS
const RENEW_BEFORE_END_MS = 24 * HOUR_MS

/** Suites that the network takes (wire.md §3.1), in our order. */
const CIPHERS = 'TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384'

interface Identity {
  readonly context: SecureContext
  readonly notBeforeUnixMs: number
  readonly notAfterUnixMs: number
}

let current: Promise<Identity> | undefined

/** TLS parameters with the current certificate. */
export async function clientSecureContext(clock: Clock, random: Random): Promise<SecureContext> {
  for (;;) {
    const nowUnixMs = clock.now()
    const held = (current ??= makeIdentity(nowUnixMs, random))
    try {
      const { context, notBeforeUnixMs, notAfterUnixMs } = await held
      if (nowUnixMs > notBeforeUnixMs && nowUnixMs < notAfterUnixMs - RENEW_BEFORE_END_MS) return context
    } catch (error) {
      if (current === held) current = undefined
      throw error
    }
    if (current === held) current = undefined
  }
}

async function makeIdentity(nowUnixMs: number, random: Random): Promise<Identity> {
  const [{ createSecureContext }, { createEd25519Certificate }] = await Promise.all([
    import('node:tls'),
    import('../../encoding/x509/index.js')
  ])
  const notBeforeUnixMs = nowUnixMs - BACK_DATED_MS
  const notAfterUnixMs = nowUnixMs + VALID_FOR_MS
  const serial = random.bytes(16)
  serial[0] = (serial[0]! & 0x7f) | 0x01
  const certificate = await createEd25519Certificate({
    notBefore: new Date(notBeforeUnixMs),
    notAfter: new Date(notAfterUnixMs),
    serial
  })
  const context = createSecureContext({
    cert: pem('CERTIFICATE', certificate.certificateDer),
    key: pem('PRIVATE KEY', certificate.privateKeyPkcs8),
    minVersion: 'TLSv1.3',
    maxVersion: 'TLSv1.3',
    ciphers: CIPHERS
  })
  return { context, notBeforeUnixMs, notAfterUnixMs }
}

function pem(label: string, der: Uint8Array): string {
  const lines = encodeBase64(der).match(/.{1,64}/g) ?? []
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n')
}
