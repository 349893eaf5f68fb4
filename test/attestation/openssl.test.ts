import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { type CheckId, verifyCertificate } from '../../src/attestation.js'

const hasOpenssl = spawnSync('openssl', ['version']).status === 0
const folder = mkdtempSync(join(tmpdir(), 'cocoonkit-openssl-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** A self-signed certificate made by OpenSSL. */
function make(key: readonly string[], extensions: readonly string[], days = '1'): Uint8Array {
  const out = join(folder, `${Math.random()}.der`)
  const options = [
    'req',
    '-x509',
    '-newkey',
    ...key,
    '-nodes',
    '-keyout',
    join(folder, 'key.pem'),
    '-subj',
    '/CN=localhost',
    '-days',
    days
  ]
  execFileSync(
    'openssl',
    [...options, ...extensions.flatMap((text) => ['-addext', text]), '-outform', 'DER', '-out', out],
    { stdio: 'pipe' }
  )
  return new Uint8Array(readFileSync(out))
}

const END_ENTITY = 'basicConstraints=critical,CA:FALSE'
const QUOTE = `1.3.6.1.4.1.12345.1=critical,DER:${'00'.repeat(700)}`
const CLAIMS = `1.3.6.1.4.1.12345.2=critical,DER:${'00'.repeat(32)}`

describe.skipIf(!hasOpenssl)(
  `certificates made by OpenSSL${hasOpenssl ? '' : ' (skipped: openssl is not installed)'}`,
  () => {
    const cases: [string, () => Uint8Array, CheckId][] = [
      ['no evidence', () => make(['ed25519'], [END_ENTITY]), 'certificate.evidence'],
      ['a CA without evidence', () => make(['ed25519'], []), 'certificate.usage'],
      ['an RSA key', () => make(['rsa:2048'], [END_ENTITY, QUOTE, CLAIMS]), 'certificate.key'],
      [
        'a P-256 key',
        () => make(['ec', '-pkeyopt', 'ec_paramgen_curve:P-256'], [END_ENTITY, QUOTE, CLAIMS]),
        'certificate.key'
      ],
      [
        'client purpose only',
        () => make(['ed25519'], [END_ENTITY, QUOTE, CLAIMS, 'extendedKeyUsage=clientAuth']),
        'certificate.usage'
      ],
      [
        'a key that may not sign',
        () => make(['ed25519'], [END_ENTITY, QUOTE, CLAIMS, 'keyUsage=critical,keyEncipherment']),
        'certificate.usage'
      ],
      [
        'an unknown critical extension',
        () => make(['ed25519'], [END_ENTITY, QUOTE, CLAIMS, '1.2.3.4=critical,DER:00']),
        'certificate.extensions'
      ],
      [
        'evidence that is not critical',
        () => make(['ed25519'], [END_ENTITY, QUOTE.replace('critical,', ''), CLAIMS]),
        'certificate.evidence'
      ],
      ['half of the evidence', () => make(['ed25519'], [END_ENTITY, QUOTE]), 'certificate.evidence'],
      [
        'both kinds of evidence',
        () => make(['ed25519'], [END_ENTITY, QUOTE, CLAIMS, '1.3.6.1.4.1.12345.100=critical,DER:00']),
        'certificate.evidence'
      ],
      ['claims of another key', () => make(['ed25519'], [END_ENTITY, QUOTE, CLAIMS]), 'certificate.claims'],
      ['a quote of zeros', () => make(['ed25519'], [END_ENTITY, QUOTE, CLAIMS]), 'tdx.quote.header'],
      [
        'an old fake quote',
        () => make(['ed25519'], [END_ENTITY, `1.3.6.1.4.1.12345.1=critical,DER:${'00'.repeat(64)}`, CLAIMS]),
        'evidence.genuine'
      ]
    ]

    it.each(cases)('refuses %s', async (_name, create, check) => {
      const report = await verifyCertificate(create(), '{}', {
        now: new Date(),
        policy: { imageHashes: ['ab'.repeat(32)] }
      })
      expect(report.verdict).toBe('refused')
      expect(report.refusedBy).toContain(check)
      expect(report.refusedBy).not.toContain('certificate.der')
      expect(report.refusedBy).not.toContain('verifier.internal')
    })

    it('verifies the self-signature that OpenSSL makes', async () => {
      const report = await verifyCertificate(make(['ed25519'], [END_ENTITY]), '{}', {
        now: new Date(),
        policy: { imageHashes: ['ab'.repeat(32)] }
      })
      expect(report.checks.find(({ id }) => id === 'certificate.signature')?.outcome).toBe('pass')
    })
  }
)
