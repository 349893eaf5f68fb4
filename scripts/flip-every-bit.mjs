/**
 * Flips every single bit of a quote, a collateral document and a certificate, and verifies each result: none may be
 * accepted. Bits that may change because they cannot matter are listed with their reason in the result.
 *
 * Usage: node scripts/flip-every-bit.mjs [--sample N] [--only quote,collateral,certificate] [--out FILE]
 * `--sample N` takes every N-th bit. Needs ../shared/evidence for quote and collateral; the certificate is synthetic.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))
const argument = (name, fallback) => {
  const at = process.argv.indexOf(`--${name}`)
  return at < 0 ? fallback : process.argv[at + 1]
}
const step = Number(argument('sample', '1'))
const only = argument('only', 'quote,collateral,certificate').split(',')
const out = argument('out', undefined)

const bundle = `${root}node_modules/.cache/flip-every-bit-${process.pid}.mjs`
mkdirSync(`${root}node_modules/.cache`, { recursive: true })
await build({
  stdin: {
    contents: "export * from './src/attestation.ts'; export * from './test/support/synthetic-tee.ts'",
    resolveDir: root,
    loader: 'ts'
  },
  bundle: true,
  format: 'esm',
  platform: 'node',
  external: ['tweetnacl'],
  outfile: bundle,
  logLevel: 'error'
})
const { createSyntheticPeer, SYNTHETIC_NOW, tdxImageHash, verifyCertificate, verifyTdxQuote } = await import(bundle)

const evidence = `${root}../shared/evidence/`
const results = {}

async function flipAll(name, bytes, verify) {
  if (!only.includes(name)) return
  const untouched = await verify(bytes)
  if (untouched.verdict !== 'verified') throw new Error(`${name}: not verified to begin with: ${untouched.refusedBy}`)
  const accepted = []
  const refusedBy = {}
  let internal = 0
  let flips = 0
  for (let bit = 0; bit < bytes.length * 8; bit += step) {
    const flipped = bytes.slice()
    flipped[bit >> 3] ^= 1 << (bit & 7)
    const report = await verify(flipped)
    flips += 1
    if (report.verdict === 'verified') accepted.push({ byte: bit >> 3, bit: bit & 7 })
    for (const id of report.refusedBy) refusedBy[id] = (refusedBy[id] ?? 0) + 1
    if (report.refusedBy.includes('verifier.internal')) internal += 1
  }
  results[name] = {
    bytes: bytes.length,
    flips,
    accepted: accepted.length,
    acceptedBits: accepted,
    verifierFailures: internal,
    refusedBy
  }
  console.log(
    `${name}: ${flips} of ${bytes.length * 8} bits flipped, ${accepted.length} accepted, ${internal} verifier failures`
  )
}

if (existsSync(`${evidence}tdx-quote-cocoon.dat`)) {
  const quote = new Uint8Array(readFileSync(`${evidence}tdx-quote-cocoon.dat`))
  const collateral = new Uint8Array(readFileSync(`${evidence}tdx-collateral-90C06F000000-2026-02.json`))
  const options = { now: new Date('2026-03-01T00:00:00Z'), policy: { imageHashes: [await tdxImageHash(quote)] } }
  const parsed = JSON.parse(new TextDecoder().decode(collateral))
  await flipAll('quote', quote, (bytes) => verifyTdxQuote(bytes, parsed, options))
  // Latin-1 keeps a flipped top bit a character of its own instead of a broken sequence.
  await flipAll('collateral', collateral, (bytes) =>
    verifyTdxQuote(quote, Buffer.from(bytes).toString('latin1'), options)
  )
} else console.log('quote, collateral: skipped, ../shared/evidence is not beside this checkout')

const peer = await createSyntheticPeer()
const options = { now: SYNTHETIC_NOW, policy: { imageHashes: [await tdxImageHash(peer.quote)] }, trust: peer.trust }
await flipAll('certificate', peer.certificate, (bytes) => verifyCertificate(bytes, peer.collateral, options))

if (out !== undefined) writeFileSync(out, `${JSON.stringify({ sample: step, cannotMatter: [], results }, null, 2)}\n`)
if (Object.values(results).some((result) => result.accepted > 0 || result.verifierFailures > 0)) process.exitCode = 1
