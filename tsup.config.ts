/**
 * One entry per public subpath and per runtime leaf; what several entries share is split into chunks, so that a bundle
 * takes only its rooms. Declarations are emitted by `tsc -p tsconfig.build.json` beside the output.
 */
import { existsSync } from 'node:fs'
import { defineConfig } from 'tsup'

import { keepTogether } from './scripts/keep-together.js'

/** Hand-kept, like `exports` in package.json: what is not listed is not public. */
const entries = {
  index: 'src/index.ts',
  attestation: 'src/attestation.ts',
  ton: 'src/ton.ts',
  envelope: 'src/envelope.ts',
  gateway: 'src/gateway.ts',
  relay: 'src/relay.ts',
  'relay-worker': 'src/relay-worker.ts',
  openai: 'src/openai.ts',
  'ai-sdk': 'src/ai-sdk.ts',
  langchain: 'src/langchain.ts',
  node: 'src/node.ts',
  browser: 'src/browser.ts',
  devnet: 'src/devnet.ts',
  unsafe: 'src/unsafe.ts',
  'cli/main': 'src/cli/main.ts',
  'runtime/default': 'src/runtime/default.ts',
  'runtime/node/index': 'src/runtime/node/index.ts',
  'runtime/bun/index': 'src/runtime/bun/index.ts',
  'runtime/deno/index': 'src/runtime/deno/index.ts',
  'runtime/workerd/index': 'src/runtime/workerd/index.ts',
  'runtime/browser/index': 'src/runtime/browser/index.ts'
}

const entry = Object.fromEntries(Object.entries(entries).filter(([, path]) => existsSync(path)))
const external = ['#runtime', /^node:/, /^cloudflare:/, /^cocoonkit(\/|$)/]

/**
 * What is loaded together is one chunk. Left to itself, esbuild makes a chunk of every set of modules that the same entries
 * reach: the root entry came in a dozen pieces, each compressed by itself, and each a file that Node opens and reads.
 */
const groups = [
  // What most entries use. No dynamic import is in it.
  {
    modules: [
      'src/errors.ts',
      'src/encoding/address.ts',
      'src/encoding/bytes.ts',
      'src/encoding/spellings.ts',
      'src/encoding/utf8.ts',
      'src/runtime/browser/index.ts',
      'src/runtime/ports/attestation-refused-error.ts',
      'src/runtime/ports/inference.ts'
    ]
  },
  // What the root entry loads at once.
  {
    modules: ['src/client/index.ts', 'src/client/openai/surface/index.ts'],
    followers: [
      'src/client/encryption/encrypted-call.ts',
      'src/client/gateway/transport/index.ts',
      'src/client/network/pool/index.ts',
      'src/client/openai/calls/index.ts'
    ]
  },
  // What the first request loads.
  { modules: ['src/client/openai/index.ts', 'src/client/openai/calls/index.ts'] },
  { modules: ['src/runtime/node/index.ts'] },
  // Parsers of attestation, TLS and TL.
  { modules: ['src/encoding/index.ts'] },
  { modules: ['src/encoding/x509/index.ts'] },
  // What a policy loads at once, and what the first peer that it judges.
  { modules: ['src/attestation/index.ts'] },
  { modules: ['src/attestation/verifier.ts'] },
  // What the proof of work, TLS and the envelope share.
  { modules: ['src/encoding/sha-256/index.ts'] },
  { modules: ['src/wire/pow/index.ts'] },
  // What the first connection loads.
  {
    modules: ['src/client/network/pool/index.ts']
  }
]

export default defineConfig({
  entry,
  format: 'esm',
  target: 'es2023',
  platform: 'neutral',
  splitting: true,
  treeshake: false,
  sourcemap: true,
  clean: true,
  dts: false,
  external,
  esbuildPlugins: [await keepTogether(Object.values(entry), ['#runtime'], groups)]
})
