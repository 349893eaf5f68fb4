#!/usr/bin/env node
/**
 * The `cocoonkit` command: the process around {@link runCli}.
 *
 * @module
 */
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import process from 'node:process'
import type { CliContext } from './context.js'
import { EXIT } from './exit-codes.js'
import { runCli } from './run.js'
import { writeTextFile } from './write-file.js'

const interruption = new AbortController()
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.on(name, () => {
    // The second signal does not wait for an orderly end.
    if (interruption.signal.aborted) process.exit(EXIT.interrupted)
    interruption.abort(new Error(name))
  })
}

const context: CliContext = {
  stdout: outputOf(process.stdout),
  stderr: outputOf(process.stderr),
  env: process.env,
  stdinIsTTY: process.stdin.isTTY,
  readStdin: async () => {
    process.stdin.setEncoding('utf8')
    let text = ''
    for await (const chunk of process.stdin) text += String(chunk)
    return text
  },
  readFile: async (path) => new Uint8Array(await readFile(path)),
  writeFile: writeTextFile,
  signal: interruption.signal,
  now: () => performance.now()
}

// `cocoonkit … | head` closes the pipe early; that is no failure.
process.stdout.on('error', () => process.exit(EXIT.ok))

// A self-reference of the package: the same file from src/, from dist/ and from an installed tarball.
const { version } = createRequire(import.meta.url)('cocoonkit/package.json') as { version: string }
process.exitCode = await runCli(process.argv.slice(2), context, version)

function outputOf(stream: NodeJS.WriteStream): CliContext['stdout'] {
  return {
    write: (text) => void stream.write(text),
    isTTY: stream.isTTY,
    get columns() {
      return stream.columns
    }
  }
}
