/**
 * PEM for servers that want it.
 *
 * @module
 */
import type { ServerIdentity } from './scripted-server.js'

/** Wraps DER. */
export function toPem(label: string, der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`
}

/** Certificate and key as `node:tls` and the command-line servers take them. */
export function serverPem(identity: ServerIdentity): { cert: string; key: string } {
  return { cert: toPem('CERTIFICATE', identity.certificateDer), key: toPem('PRIVATE KEY', identity.privateKeyPkcs8) }
}
