/**
 * A report for a person: the verdict, what it rests on, every check that was made, and what no check can know.
 *
 * @module
 */
import type { AttestationCheck, AttestationReport } from '../index.js'
import type { CliContext } from './context.js'
import { printable } from './print.js'

type Colour = 'green' | 'red' | 'yellow' | 'dim'
type Paint = (text: string, colour: Colour) => string

const CODES: Readonly<Record<Colour, number>> = { green: 32, red: 31, yellow: 33, dim: 2 }

/** Colours for a terminal, plain text for everything else. */
export function painterFor({ stdout, env }: CliContext): Paint {
  const isColoured = stdout.isTTY && (env['NO_COLOR'] ?? '') === ''
  return (text, colour) => (isColoured ? `\u001b[${CODES[colour]}m${text}\u001b[0m` : text)
}

/** The report as text. Checks that do not belong to this kind of evidence are counted, not listed. */
export function formatReport(report: AttestationReport, context: CliContext): string {
  const paint = painterFor(context)
  const listed = report.checks.filter((check) => check.outcome !== 'not-applicable')
  const width = Math.max(0, ...listed.map((check) => check.id.length))
  const count = (outcome: AttestationCheck['outcome']): number =>
    report.checks.filter((check) => check.outcome === outcome).length
  const failed = listed.filter((check) => check.outcome === 'fail')
  return [
    ...headOf(report, paint),
    '',
    ...listed.map((check) => lineOf(check, width, context.stdout.columns, paint)),
    '',
    `${count('pass')} passed, ${count('fail')} failed, ${count('skip')} not reached, ${count('not-applicable')} not applicable`,
    ...(failed.length === 0 ? [] : ['', 'What can be done:', ...failed.map(remedyOf)]),
    '',
    'What no verification can know:',
    ...report.residuals.map(({ statement }) => `  ${printable(statement)}`),
    ''
  ].join('\n')
}

function headOf(report: AttestationReport, paint: Paint): readonly string[] {
  const isVerified = report.verdict === 'verified'
  return [
    `verdict    ${paint(isVerified ? 'VERIFIED' : 'REFUSED', isVerified ? 'green' : 'red')}`,
    ...(isVerified ? [] : [`refused by ${report.refusedBy.join(', ')}`]),
    `evidence   ${report.kind}`,
    `image      ${report.imageHash ?? 'unknown'}`,
    ...(report.tcbStatus === null ? [] : [`TCB        ${report.tcbStatus}`]),
    ...(report.advisoryIds.length === 0 ? [] : [`advisories ${report.advisoryIds.map(printable).join(', ')}`]),
    `judged at  ${report.judgedAt}${report.validUntil === null ? '' : `, holds until ${report.validUntil}`}`,
    ...report.trust.map((line) => `trust      ${printable(line)}`),
    `report     ${report.id}`
  ]
}

const MARKS: Readonly<Record<AttestationCheck['outcome'], readonly [mark: string, colour: Colour]>> = {
  pass: ['pass', 'green'],
  fail: ['FAIL', 'red'],
  skip: ['skip', 'yellow'],
  'not-applicable': ['n/a ', 'dim']
}

function lineOf(
  { id, outcome, enforced, compared }: AttestationCheck,
  width: number,
  columns: number | undefined,
  paint: Paint
): string {
  const [mark, colour] = MARKS[outcome]
  const plain = `${id.padEnd(width)}  ${printable(compared)}${enforced ? '' : ' (advice only)'}`
  // A terminal gets one line per check, a file gets everything.
  const room = columns === undefined ? plain.length : Math.max(40, columns - 7)
  return `  ${paint(mark, colour)} ${plain.length > room ? `${plain.slice(0, room - 1)}…` : plain}`
}

function remedyOf({ id, remedy }: AttestationCheck): string {
  return `  ${id}: ${remedy ?? 'nothing'}`
}
