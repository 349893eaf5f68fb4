/**
 * Writes docs/checks: one page per check of src/attestation/report/checks.ts, and an overview. What a page says beyond the
 * table comes from NOTES below. `--check` writes nothing and fails when a page is missing, stale or superfluous.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))
const folder = `${root}docs/checks/`
const { outputFiles } = await build({
  stdin: {
    contents: "export { CHECK_IDS } from './checks.ts'; export { describeCheck } from './check-titles.ts'",
    resolveDir: `${root}src/attestation/report`
  },
  bundle: true,
  format: 'esm',
  write: false,
  logLevel: 'error'
})
const { CHECK_IDS, describeCheck } = await import(
  `data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`
)

/** What a family is about, by the start of its ids; the longest match counts. */
const FAMILIES = {
  'input.': ['Arguments', 'The call itself was wrong; nothing about the peer was established.'],
  'policy.': ['Policy', 'The policy could not do its work.'],
  'verifier.': ['Verifier', 'Never fails unless the library has a defect; it fails closed.'],
  'certificate.': ['Certificate', 'The TLS certificate of the peer, apart from the evidence inside it.'],
  'evidence.': ['Evidence', 'Test networks use fakes in place of evidence. A fake proves nothing.'],
  'binding.': ['Binding', 'Without it, genuine evidence of one machine could be shown by another.'],
  'image.': ['Image', 'The image hash names the software that was started in the protected machine.'],
  'tdx.quote.': ['TDX quote', 'The structure that the machine presents. Every byte of it is accounted for.'],
  'tdx.qe.': ['TDX quoting enclave', "Intel's own enclave on the machine, which signs quotes."],
  'tdx.pck.': ['TDX platform key', "The key of the processor, certified by Intel; its chain ends in Intel's root."],
  'tdx.collateral.': [
    'TDX collateral',
    'What Intel publishes about platforms. It comes from anywhere and is believed only when signed.'
  ],
  'tdx.signing.': ['TDX collateral signers', 'The chains of those who sign collateral.'],
  'tdx.root-crl.': ['TDX revocation, root', 'The list of withdrawn certificates below the root.'],
  'tdx.pck-crl.': ['TDX revocation, platforms', 'The list of withdrawn platform keys.'],
  'tdx.tcb-info.': ['TDX TCB info', 'Which versions of firmware and microcode are current for a platform family.'],
  'tdx.qe-identity.': ['TDX QE identity', 'What the quoting enclave must look like.'],
  'tdx.module.': ['TDX module', "Intel's software in the processor that keeps the host out of the protected machine."],
  'tdx.td.': ['TDX trust domain', 'How the protected machine was configured by its operator.'],
  'tdx.tcb.': ['TDX TCB', 'Whether the platform is up to date.'],
  'snp.report.': ['SEV-SNP report', 'The structure that an AMD machine presents.'],
  'snp.guest.': ['SEV-SNP guest', 'How the protected machine was configured by its operator.'],
  'snp.': ['SEV-SNP', 'Keys, lists and levels of AMD.'],
  'bundle.': ['Proof bundle', 'A stored verification that is run again.'],
  'unsafe.': ['Unsafe policies', 'Only `cocoonkit/unsafe` reports these.']
}

/** More about single checks. */
const NOTES = {
  'binding.report-data':
    'Evidence carries 64 bytes of report data: SHA-512 of the 32-byte Ed25519 key of the certificate. For a bare quote or report the check is not applicable unless `publicKey` is given.',
  'certificate.evidence':
    'The reference accepts a certificate without evidence under every policy and counts on a later comparison. This library refuses it here. Extensions that are not marked critical count as absent.',
  'certificate.lifetime':
    'The reference makes certificates for 24 hours. A longer one is reported and does not refuse, because the certificate is signed by the peer itself: whoever holds the key could make short ones for ever.',
  'certificate.validity':
    'The default clock skew is 300 seconds in both directions (`clockSkewMs`, at most one hour). Certificates of the network are never back-dated, so a clock that runs behind meets certificates of the future.',
  'image.allow-list': 'A policy without image hashes would accept any software. There is no value that means "any".',
  'image.constant':
    'All-zero measurements hash to `5c55c8f4…` (TDX) or `b5fdab78…` (SEV-SNP). They never pass, also when they are in the list.',
  'image.hash':
    'TDX: SHA-256 over MRTD, MRCONFIGID, MROWNER, MROWNERCONFIG, RTMR0–3 and 64 zero bytes. SEV-SNP: SHA-256 over the measurement and 64 zero bytes.',
  'snp.product':
    "The roots of Milan, Genoa (with it Siena) and Turin are built in; peers of other products are refused. A devnet's AMD is verified against the devnet's root.",
  'tdx.collateral.number':
    'A policy object also refuses a number below the highest one that it verified for the same platform family.',
  'tdx.pck.root': "The whole certificate is compared with Intel's SGX Root CA, not only its key or its name.",
  'tdx.quote.header':
    'The remaining header bytes (reserved, user data) are not judged one by one; they are covered by the signature of the quote.',
  'tdx.quote.length':
    'The network stores quotes with zero bytes after the declared end; anything else there is refused.',
  'tdx.quote.pem':
    "The text of the chain must equal its own re-encoding. The zero byte that Intel's library appends is tolerated.",
  'tdx.signing.names':
    'Only the certificate named `Intel SGX TCB Signing`, directly below the root, may sign collateral. Otherwise the platform key of one broken machine could sign collateral for all.',
  'tdx.tcb.level':
    "For a module with a version (second byte of TEE_TCB_SVN above 0) the first two bytes are judged by the module's own levels, as Intel specifies. TD 1.5 reports levels at launch and now: both have to stand.",
  'tdx.tcb.status':
    'Another status than UpToDate passes only when `tolerate` names that status and every advisory that applies, and has not expired. `Revoked` never passes.',
  'tdx.tcb.advisories': 'Informative: the list is part of the report.'
}

function familyOf(id) {
  const prefix = Object.keys(FAMILIES)
    .filter((start) => id.startsWith(start))
    .toSorted((a, b) => b.length - a.length)[0]
  return FAMILIES[prefix]
}

function pageOf(id) {
  const { title, remedy, enforced } = describeCheck(id)
  const [family, about] = familyOf(id)
  const lines = [
    `# ${id}`,
    '',
    `${title}.`,
    '',
    `- Group: ${family}. ${about}`,
    `- ${enforced ? 'Enforced: a failure refuses the peer.' : 'Not enforced: a failure is reported and does not refuse the peer.'}`,
    `- When it fails: ${remedy}`
  ]
  if (NOTES[id] !== undefined) lines.push('', NOTES[id])
  return `${lines.join('\n')}\n`
}

function overview() {
  const rows = CHECK_IDS.map(
    (id) => `| [${id}](${id}.md) | ${describeCheck(id).title} | ${describeCheck(id).enforced ? 'yes' : 'no'} |`
  )
  const intro = `# Checks\n\nEvery reason for which a peer can be refused, in the order of reports. Made by \`scripts/generate-check-pages.mjs\`.\n\n`
  return `${intro}| check | what must hold | enforced |\n|---|---|---|\n${rows.join('\n')}\n`
}

const wanted = new Map([['README.md', overview()], ...CHECK_IDS.map((id) => [`${id}.md`, pageOf(id)])])
const present = existsSync(folder) ? readdirSync(folder) : []
if (process.argv.includes('--check')) {
  const stale = [...wanted]
    .filter(([name, text]) => !present.includes(name) || readFileSync(`${folder}${name}`, 'utf8') !== text)
    .map(([name]) => name)
  const extra = present.filter((name) => !wanted.has(name))
  if (stale.length + extra.length > 0) {
    console.error(`docs/checks is stale: ${[...stale, ...extra].join(', ')}; run node scripts/generate-check-pages.mjs`)
    process.exit(1)
  }
} else {
  mkdirSync(folder, { recursive: true })
  for (const name of present) if (!wanted.has(name)) rmSync(`${folder}${name}`)
  for (const [name, text] of wanted) writeFileSync(`${folder}${name}`, text)
  console.log(`${wanted.size} pages`)
}
