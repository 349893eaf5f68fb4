/**
 * Attestation: time of a full verification and of a kept verdict, verifications for 1,000 concurrent connections, ratio
 * against @phala/dcap-qvl, and size of the verifier.
 *
 *   node bench/attestation.mjs [--check]
 *
 * Prints one JSON object. With --check exits 1 when p50 is above 6 ms (full) or 0.1 ms (kept), or 1,000 connections cost
 * more than one verification. The evidence is synthetic, so nothing beside the checkout is needed.
 */
import { mkdirSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { performance } from 'node:perf_hooks'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))
const cache = `${root}node_modules/.cache`
mkdirSync(cache, { recursive: true })
const outfile = `${cache}/bench-attestation-${process.pid}.mjs`
const external = ['tweetnacl']

/** Bytes of gzip, all chunks: what a page loads at once, for a peer on TDX besides, and the part that only AMD needs. */
async function gzipSizes(names) {
  const { metafile, outputFiles } = await build({
    stdin: { contents: `export { ${names} } from './src/attestation.ts'`, resolveDir: root, loader: 'ts' },
    bundle: true,
    splitting: true,
    minify: true,
    format: 'esm',
    platform: 'neutral',
    mainFields: ['main'],
    external,
    outdir: 'out',
    write: false,
    metafile: true,
    logLevel: 'error'
  })
  const sizes = { atOnce: 0, withTdx: 0, withAmd: 0, withProofs: 0 }
  const reach = (path, into, lazily) => {
    if (into.has(path) || metafile.outputs[path] === undefined) return into
    into.add(path)
    for (const { path: next, kind } of metafile.outputs[path].imports)
      if (kind !== 'dynamic-import' || lazily(metafile.outputs[next]?.entryPoint ?? '')) reach(next, into, lazily)
    return into
  }
  const parts = {
    atOnce: () => false,
    withTdx: (entry) => entry.endsWith('/verifier.ts'),
    withAmd: (entry) => /\/(verifier|snp\/index)\.ts$/.test(entry),
    withProofs: (entry) => /\/(verifier|proof-bundle)\.ts$/.test(entry)
  }
  for (const [name, lazily] of Object.entries(parts)) {
    const paths = reach('out/stdin.js', new Set(), lazily)
    for (const { path, contents } of outputFiles)
      if (paths.has(`out/${path.split('/').at(-1)}`)) sizes[name] += gzipSync(contents, { level: 9 }).length
  }
  return sizes
}

await build({
  stdin: {
    contents: "export * from './src/attestation.ts'; export * from './test/support/synthetic-tee.ts'",
    resolveDir: root,
    loader: 'ts'
  },
  bundle: true,
  format: 'esm',
  platform: 'node',
  external,
  outfile,
  logLevel: 'error'
})
const {
  createAttestationPolicy,
  createSyntheticPeer,
  staticCollateral,
  SYNTHETIC_NOW,
  tdxImageHash,
  verifyCertificate,
  verifyTdxQuote
} = await import(outfile)
rmSync(outfile)
const { QuoteVerifier } = createRequire(import.meta.url)('@phala/dcap-qvl')

async function time(runs, run) {
  for (let warm = 0; warm < 20; warm++) await run()
  const times = []
  for (let at = 0; at < runs; at++) {
    const start = performance.now()
    await run()
    times.push(performance.now() - start)
  }
  times.sort((a, b) => a - b)
  return { p50Ms: Number(times[runs >> 1].toFixed(3)), minMs: Number(times[0].toFixed(3)) }
}

const peer = await createSyntheticPeer()
const imageHashes = [await tdxImageHash(peer.quote)]
const options = { now: SYNTHETIC_NOW, policy: { imageHashes }, trust: peer.trust }
const judge = { now: SYNTHETIC_NOW }
const evidence = { certificateDer: peer.certificate, address: 'bench:1' }

const quote = await time(300, () => verifyTdxQuote(peer.quote, peer.collateral, options))
const certificate = await time(300, () => verifyCertificate(peer.certificate, peer.collateral, options))
const policy = createAttestationPolicy({
  imageHashes,
  collateral: staticCollateral(peer.collateral),
  trust: peer.trust
})
const kept = await time(2000, () => policy.judge(evidence, judge))

const fresh = createAttestationPolicy({ imageHashes, collateral: staticCollateral(peer.collateral), trust: peer.trust })
const verdicts = await Promise.all(Array.from({ length: 1000 }, () => fresh.judge(evidence, judge)))
const verifications = new Set(verdicts.map((verdict) => verdict.report)).size

const oracle = QuoteVerifier.newWithRootCa(Buffer.from(peer.root))
const [bytes, seconds] = [Buffer.from(peer.quote), SYNTHETIC_NOW.getTime() / 1000]
const qvl = await time(100, () => oracle.verify(bytes, peer.collateral, seconds))

const result = {
  node: process.version,
  verifyTdxQuote: quote,
  verifyCertificate: certificate,
  keptVerdict: kept,
  verificationsFor1000Connections: verifications,
  dcapQvl: qvl,
  ratioAgainstDcapQvl: Number((qvl.p50Ms / quote.p50Ms).toFixed(2)),
  gzipBytes: await gzipSizes('createAttestationPolicy')
}
console.log(JSON.stringify(result, null, 2))
const passed = certificate.p50Ms <= 6 && kept.p50Ms <= 0.1 && verifications === 1
if (process.argv.includes('--check') && !passed) process.exitCode = 1
