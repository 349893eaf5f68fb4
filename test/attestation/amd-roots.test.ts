import { createHash, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { decodeCertificateChainPem } from '../../src/encoding/x509/index.js'
import { examineChain } from '../../src/attestation/chain.js'
import { Findings } from '../../src/attestation/report/findings.js'
import { Signatures } from '../../src/attestation/signatures.js'
import { AMD_ROOTS } from '../../src/attestation/snp/amd-roots.js'

const IDS = {
  certificates: 'snp.vcek.certificate',
  root: 'snp.chain.root',
  chain: 'snp.chain.signatures',
  validity: 'snp.chain.validity'
} as const
const LINES = ['Milan', 'Genoa', 'Turin'] as const
const pemOf = (line: string): string =>
  readFileSync(new URL(`../vectors/amd/${line.toLowerCase()}.pem`, import.meta.url), 'latin1')

/** As AMD's service answers: ASK, then ARK. */
function chainOf(line: string): [ask: Uint8Array, ark: Uint8Array] {
  const [ask, ark, ...more] = decodeCertificateChainPem(pemOf(line))
  if (ask === undefined || ark === undefined || more.length > 0) throw new Error('a chain of two is due')
  return [ask, ark]
}

async function judge(ders: readonly Uint8Array[], root: string): Promise<string[]> {
  const findings = new Findings()
  const nowMs = Date.UTC(2026, 10, 22)
  await findings.stage(() =>
    examineChain(findings, IDS, { ders, length: 2, root, nowMs, signatures: new Signatures(), leafIsCa: true })
  )
  return [...findings.found].filter(([, { outcome }]) => outcome === 'fail').map(([id]) => id)
}

describe.each(LINES)('AMD root of %s', (line) => {
  it('is self-signed and signs its ASK, by another implementation', () => {
    const [ask, ark] = chainOf(line).map((der) => new X509Certificate(der)) as [X509Certificate, X509Certificate]
    expect(ark.subject).toContain(`CN=ARK-${line}`)
    expect(ark.verify(ark.publicKey)).toBe(true)
    expect(ask.subject).toContain(`CN=SEV-${line}`)
    expect(ask.verify(ark.publicKey)).toBe(true)
    // The key identifier that the root gives itself is SHA-1 of the key that it holds.
    const key = createHash('sha1')
      .update(ark.publicKey.export({ type: 'pkcs1', format: 'der' }))
      .digest()
    expect(ark.raw.includes(key)).toBe(true)
  })

  it('is the one that is built in', () => {
    const [, ark] = chainOf(line)
    expect(createHash('sha256').update(ark).digest('hex')).toBe(AMD_ROOTS[line])
  })

  it('carries its chain through the checks', async () => {
    expect(await judge(chainOf(line), AMD_ROOTS[line] ?? '')).toEqual([])
  })

  it('is not the root of another product, nor is any changed byte of it a root', async () => {
    const [ask, ark] = chainOf(line)
    const other = LINES.find((name) => name !== line) ?? line
    expect(await judge([ask, ark], AMD_ROOTS[other] ?? '')).toEqual(['snp.chain.root'])
    for (let index = 0; index < ark.length; index += 131) {
      const changed = ark.slice()
      changed[index] = (changed[index] ?? 0) ^ 1
      expect(await judge([ask, changed], AMD_ROOTS[line] ?? '')).not.toEqual([])
    }
  })

  it('does not stand for an ASK of another product', async () => {
    const other = LINES.find((name) => name !== line) ?? line
    expect(await judge([chainOf(other)[0], chainOf(line)[1]], AMD_ROOTS[line] ?? '')).toEqual(['snp.chain.signatures'])
  })
})
