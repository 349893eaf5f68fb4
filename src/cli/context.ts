/**
 * What commands see of the process, so that tests run them in process with text in and text out.
 *
 * @module
 */

/** A text sink. */
interface CliOutput {
  write(text: string): void
  /** Whether a person watches. */
  readonly isTTY: boolean
  /** Width of the terminal in characters; `undefined` when it is none. */
  readonly columns?: number | undefined
}

/** The process around a command. */
export interface CliContext {
  readonly stdout: CliOutput
  readonly stderr: CliOutput
  readonly env: Readonly<Record<string, string | undefined>>
  /** Whether standard input is a terminal; nothing is read from it then. */
  readonly stdinIsTTY: boolean
  /** All of standard input as text. */
  readStdin(): Promise<string>
  /** A file as bytes, relative to the working directory. */
  readFile(path: string): Promise<Uint8Array>
  /** Writes a file, relative to the working directory; replaces what is there. A private one is for its owner only. */
  writeFile(path: string, text: string, isPrivate?: boolean): Promise<void>
  /** Fires on SIGINT and SIGTERM. */
  readonly signal: AbortSignal
  /** Monotonic milliseconds. */
  now(): number
}
