/**
 * Bundles what an application would import, for a browser, from the built package, and compares the gzip size with a
 * budget. Also refuses what must not be in a browser graph: Node built-ins, Buffer, and packages that belong elsewhere.
 *
 * `npm run size` after `npm run build:js`. size-limit's esbuild plugin cannot resolve a package's own `#imports`
 * conditions for itself, so esbuild is called directly.
 */
import { gzipSync } from 'node:zlib'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))

/** What an application takes, its budget in bytes of gzip, and what its graph must not contain. */
const budgets = [
  {
    name: 'root entry + chat, what a page loads first',
    code: `import { Cocoon } from 'cocoonkit'; globalThis.client = new Cocoon(globalThis.options)`,
    limitBytes: 25_000,
    forbidden: [/^node:/, /@ton\//, /(^|\/)ws\//, /wire\/tls/]
  },
  {
    name: 'chat + direct TLS + verifier, with all that loads later',
    code: `import { Cocoon } from 'cocoonkit'; import { createAttestationPolicy } from 'cocoonkit/attestation'; import { relayDialer } from 'cocoonkit/browser'; globalThis.used = [Cocoon, createAttestationPolicy, relayDialer]`,
    limitBytes: 45_000,
    countLazy: true,
    forbidden: [/^node:/, /@ton\//, /(^|\/)ws\//]
  },
  {
    name: 'one error class, which must not bring the client',
    code: `import { CocoonError } from 'cocoonkit'; globalThis.used = CocoonError`,
    limitBytes: 1_500,
    // With splitting, esbuild keeps the chunks of dynamic imports that no live code makes.
    splitting: false,
    forbidden: [/^node:/, /@ton\//, /(^|\/)ws\//],
    forbiddenText: ['chat/completions', 'tcp.packet']
  },
  {
    name: 'the relay dialer alone, which must not bring TL or TLS',
    code: `import { relayDialer } from 'cocoonkit/browser'; globalThis.used = relayDialer`,
    limitBytes: 4_000,
    forbidden: [/^node:/, /@ton\//, /(^|\/)ws\//],
    forbiddenText: ['tcp.packet', 'TLS_AES', 'chat/completions']
  }
]

/**
 * tweetnacl is counted nowhere: it is only ever loaded (`import('tweetnacl')`) on runtimes whose WebCrypto lacks Ed25519 or
 * X25519, so that a current browser never fetches its chunk. External also proves that nothing imports it statically:
 * the check below looks for that.
 */
const FALLBACKS = ['tweetnacl']
/** TON has a budget of its own and is loaded by the calls that move money; nothing that loads at once may import it. */
const EXTERNAL = [...FALLBACKS, '@ton/core', '@ton/crypto', '@ton/ton']

let failed = 0
for (const { name, code, limitBytes, forbidden, forbiddenText = [], countLazy = false, splitting = true } of budgets) {
  const result = await build({
    stdin: { contents: code, resolveDir: root, loader: 'js' },
    bundle: true,
    write: false,
    minify: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    splitting,
    outdir: 'out',
    metafile: true,
    external: EXTERNAL,
    // The project's own tsconfig maps #runtime for its tests; a consumer has no such map.
    tsconfigRaw: '{}',
    logLevel: 'silent'
  })
  const initial = countLazy ? new Set(Object.keys(result.metafile.outputs)) : initialOutputs(result.metafile)
  const bytes = result.outputFiles
    .filter((file) => initial.has(relativeOutput(file.path)))
    .reduce((sum, file) => sum + gzipSync(file.contents, { level: 9 }).length, 0)
  const inputs = [...initial].flatMap((output) => Object.keys(result.metafile.outputs[output].inputs))
  const bad = inputs.filter((input) => forbidden.some((pattern) => pattern.test(input)))
  const text = result.outputFiles.map((file) => file.text).join('')
  const initialText = result.outputFiles
    .filter((file) => initialOutputs(result.metafile).has(relativeOutput(file.path)))
    .map((file) => file.text)
    .join('')
  bad.push(...forbiddenText.filter((forbiddenPiece) => initialText.includes(forbiddenPiece)))
  for (const path of initialOutputs(result.metafile)) {
    for (const imported of result.metafile.outputs[path].imports) {
      const isStatic = imported.kind === 'import-statement'
      if (isStatic && EXTERNAL.includes(imported.path)) bad.push(`${imported.path} imported statically`)
    }
  }
  const namesBuffer =
    /\bBuffer\.(from|alloc|concat)/.test(text) &&
    forbidden.length > 0 &&
    !inputs.some((input) => input.includes('@ton/'))
  const ok = bytes <= limitBytes && bad.length === 0 && !namesBuffer
  if (!ok) failed++
  console.log(
    `${ok ? 'ok  ' : 'FAIL'} ${name}: ${bytes} of ${limitBytes} bytes gzip${bad.length > 0 ? `, forbidden: ${bad.join(', ')}` : ''}${namesBuffer ? ', names Buffer' : ''}`
  )
}
process.exit(failed > 0 ? 1 : 0)

function relativeOutput(path) {
  return path.slice(path.lastIndexOf('/out/') + 1)
}

/** Outputs that load at once: the entry and what it imports statically. */
function initialOutputs(metafile) {
  const entry = Object.keys(metafile.outputs).find((path) => metafile.outputs[path].entryPoint === '<stdin>')
  const seen = new Set()
  const visit = (path) => {
    if (seen.has(path) || metafile.outputs[path] === undefined) return
    seen.add(path)
    for (const imported of metafile.outputs[path].imports)
      if (imported.kind === 'import-statement') visit(imported.path)
  }
  visit(entry)
  return seen
}
