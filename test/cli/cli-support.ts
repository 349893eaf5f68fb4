/**
 * Runs the command line in process.
 *
 * @module
 */
import type { CliContext } from '../../src/cli/context.js'
import { runCli } from '../../src/cli/run.js'

/** What a run printed and how it ended. */
export interface CliResult {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Settings of a run. */
export interface CliSettings {
  readonly env?: Readonly<Record<string, string>>
  readonly stdin?: string
  readonly isTTY?: boolean
  readonly files?: Readonly<Record<string, Uint8Array>>
  /** Receives written files. */
  readonly written?: Map<string, string>
  /** Receives the names of those that only their owner may read. */
  readonly writtenPrivately?: Set<string>
  readonly signal?: AbortSignal
  /** Called after each write to standard output with all of it so far. */
  readonly onStdout?: (text: string) => void
  /** The same for standard error. */
  readonly onStderr?: (text: string) => void
}

/** Runs `cocoonkit WORDS…`. */
export async function cli(words: readonly string[], settings: CliSettings = {}): Promise<CliResult> {
  const out = { stdout: '', stderr: '' }
  const isTTY = settings.isTTY ?? false
  const context: CliContext = {
    stdout: {
      write: (text) => {
        out.stdout += text
        settings.onStdout?.(out.stdout)
      },
      isTTY
    },
    stderr: {
      write: (text) => {
        out.stderr += text
        settings.onStderr?.(out.stderr)
      },
      isTTY,
      columns: 100
    },
    env: settings.env ?? {},
    stdinIsTTY: settings.stdin === undefined,
    readStdin: () => Promise.resolve(settings.stdin ?? ''),
    readFile: (path) => {
      const bytes = settings.files?.[path]
      return bytes === undefined ? Promise.reject(new Error('no such file')) : Promise.resolve(bytes)
    },
    writeFile: (path, text, isPrivate) => {
      settings.written?.set(path, text)
      if (isPrivate === true) settings.writtenPrivately?.add(path)
      return Promise.resolve()
    },
    signal: settings.signal ?? new AbortController().signal,
    now: () => performance.now()
  }
  const code = await runCli(words, context, '1.2.3-test')
  return { code, ...out }
}
