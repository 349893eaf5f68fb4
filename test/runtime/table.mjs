/**
 * The table of docs/runtimes.md, made from a run.
 *
 * @module
 */
const BEGIN = '<!-- matrix:begin, written by `npm run test:matrix -- --write` -->'
const WAYS_OUT = { tcp: 'own TCP', relay: 'relay on Node', 'worker-relay': 'relay in workerd' }
const END = '<!-- matrix:end -->'

/** Markdown with aligned columns. */
export function renderTable(results) {
  const rows = [
    ['runtime', 'version', 'way out', 'suite', 'TLS handshake', 'proof of work'],
    ...results.map(({ name, version, transport, outcome, reason, steps = [], failed = [], figures = {} }) => [
      name,
      version ?? '–',
      WAYS_OUT[transport],
      suiteCell(outcome, reason, steps, failed),
      unit(figures.handshakeMs, 'ms'),
      powCell(figures)
    ])
  ]
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)))
  const line = (cells) => `| ${cells.map((cell, column) => cell.padEnd(widths[column])).join(' | ')} |`
  return [line(rows[0]), line(widths.map((width) => '-'.repeat(width))), ...rows.slice(1).map(line)].join('\n')
}

/** A page with the table between its markers replaced. */
export function replaceTable(page, table) {
  const from = page.indexOf(BEGIN)
  const to = page.indexOf(END)
  if (from < 0 || to < from) throw new Error('docs/runtimes.md has lost its markers')
  return `${page.slice(0, from + BEGIN.length)}\n\n${table}\n\n${page.slice(to)}`
}

function suiteCell(outcome, reason, steps, failed) {
  if (outcome === 'skip') return `not run here: ${reason}`
  if (reason !== undefined) return `failed: ${reason.split('\n')[0].slice(0, 60)}`
  const passed = `${steps.length - failed.length} of ${steps.length} steps`
  return failed.length === 0 ? passed : `${passed}; failed: ${failed.map(({ name }) => name).join(', ')}`
}

function powCell({ powMegahashesPerSecond, powWithModule }) {
  const own = unit(powMegahashesPerSecond, 'MH/s')
  return powWithModule === undefined ? own : `${own}; ${unit(powWithModule, 'with solvePowWith')}`
}

function unit(value, name) {
  return value === undefined ? '–' : `${value.toFixed(1)} ${name}`
}
