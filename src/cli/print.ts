/**
 * Printing: JSON with nanotons as text, tables, failures, and nothing that could steer a terminal.
 *
 * @module
 */
import { CocoonError } from '../index.js'
import type { CliContext } from './context.js'

/** Control characters except newline and tab: a peer's text must not move the cursor or rename the window. */
// eslint-disable-next-line no-control-regex
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g

/** Text of a peer, harmless for a terminal. */
export function printable(text: string): string {
  return text.replace(CONTROLS, '\ufffd')
}

/** One JSON document and a newline; `bigint` becomes decimal text. */
export function printJson(context: CliContext, value: unknown): void {
  const replacer = (_key: string, item: unknown): unknown => (typeof item === 'bigint' ? item.toString() : item)
  context.stdout.write(`${JSON.stringify(value, replacer, 2)}\n`)
}

/** A table with aligned columns; columns of numbers are right-aligned. */
export function formatTable(headers: readonly string[], rows: ReadonlyArray<readonly string[]>): string {
  const widths = headers.map((header, column) =>
    Math.max(header.length, ...rows.map((row) => row[column]?.length ?? 0))
  )
  const isNumeric = headers.map((_, column) => rows.every((row) => /^[-–\d.,/ –]*$/.test(row[column] ?? '')))
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => {
        const width = widths[column] ?? 0
        return isNumeric[column] ? cell.padStart(width) : cell.padEnd(width)
      })
      .join('  ')
      .trimEnd()
  return `${[line(headers), line(widths.map((width) => '─'.repeat(width))), ...rows.map(line)].join('\n')}\n`
}

/** Nanotons as TON with all digits that matter. */
export function formatTon(nano: bigint): string {
  const sign = nano < 0n ? '-' : ''
  const digits = (nano < 0n ? -nano : nano).toString().padStart(10, '0')
  const fraction = digits.slice(-9).replace(/0+$/, '')
  return `${sign}${digits.slice(0, -9)}${fraction === '' ? '' : `.${fraction}`} TON`
}

/** Says what went wrong: one line, the remedy, the peer's words marked as such; JSON on standard output with `--json`. */
export function printFailure(context: CliContext, error: unknown, asJson: boolean): void {
  const known = CocoonError.is(error) ? error : undefined
  if (asJson) {
    printJson(context, { error: known?.toJSON() ?? { name: 'Error', message: messageOf(error) } })
    return
  }
  const { stderr } = context
  stderr.write(`cocoonkit: ${printable(messageOf(error))}${known === undefined ? '' : ` [${known.code}]`}\n`)
  if (known === undefined) return
  if (known.remedy !== undefined) stderr.write(`  remedy: ${known.remedy}\n`)
  if (known.peerText !== undefined) stderr.write(`  the peer says (untrusted): ${printable(known.peerText)}\n`)
  if (known.charged !== 'no') stderr.write(`  charged: ${known.charged}\n`)
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : 'unexpected failure'
}
