/** The attestation report as a reader sees it: verdict, what was proved, what nobody can prove, every check by name. */
import { make } from './elements.js'

const MARKS = { pass: '✓', fail: '✕', skip: '–', 'not-applicable': '–' }
const WORDS = { pass: 'passed', fail: 'failed', skip: 'not checked', 'not-applicable': 'does not apply' }

/** @returns {DocumentFragment} */
export function renderReport(report) {
  const of = (...outcomes) => report.checks.filter(({ outcome }) => outcomes.includes(outcome))
  const fragment = document.createDocumentFragment()
  fragment.append(verdict(report, of('pass').length, of('fail').length))
  if (of('fail').length > 0) fragment.append(checks('Failed checks', of('fail')))
  fragment.append(facts(report), residuals(report), checks('Passed checks', of('pass')))
  const others = of('skip', 'not-applicable')
  if (others.length > 0) {
    fragment.append(
      make('details', {}, make('summary', {}, `${others.length} checks that do not apply here`), checks('', others))
    )
  }
  return fragment
}

function verdict({ verdict, kind, refusedBy }, passed, failed) {
  const tally = `${passed} checks passed, ${failed} failed`
  const text =
    verdict === 'verified' ? `Verified: ${kindName(kind)}, ${tally}` : `Refused by ${refusedBy.join(', ')}. ${tally}.`
  return make('p', { class: `verdict ${verdict}` }, text)
}

export function kindName(kind) {
  return { tdx: 'Intel TDX', snp: 'AMD SEV-SNP', fake: 'a fake for tests', none: 'no evidence' }[kind] ?? kind
}

function facts(report) {
  const list = make('dl', { class: 'facts' })
  const rows = [
    ['Image hash', report.imageHash, true],
    ['Platform status', report.tcbStatus],
    ['Advisories', report.advisoryIds.join(', ')],
    ['Judged', report.judgedAt],
    ['Valid until', report.validUntil],
    ['Trusted lists', report.trust.join('; ')],
    ['Evidence', report.evidenceSha256, true],
    ['Report', report.id, true]
  ]
  for (const [name, value, isHash = false] of rows) {
    if (value === null || value === '') continue
    list.append(make('dt', {}, name), make('dd', {}, isHash ? make('code', {}, value) : value))
  }
  return list
}

function residuals({ residuals }) {
  const section = make('section', { class: 'residuals' }, make('h3', {}, 'What this does not prove'))
  if (residuals.length === 0) section.append(make('p', {}, 'Nothing is listed.'))
  else section.append(make('ul', {}, ...residuals.map(({ statement }) => make('li', {}, statement))))
  return section
}

function checks(title, checks) {
  const list = make('ul', { class: 'checks' })
  for (const { id, outcome, compared, enforced, remedy } of checks) {
    const item = make(
      'li',
      { 'data-outcome': outcome },
      make('span', { class: 'mark', 'aria-hidden': 'true' }, MARKS[outcome]),
      make('code', {}, id),
      make('span', { class: 'hidden' }, WORDS[outcome]),
      make('span', { class: 'compared' }, compared)
    )
    if (outcome === 'fail' && !enforced)
      item.append(make('span', { class: 'compared' }, 'Not enforced by this policy.'))
    if (outcome === 'fail' && remedy !== undefined) item.append(make('span', { class: 'compared' }, remedy))
    list.append(item)
  }
  return make('section', {}, ...(title === '' ? [] : [make('h3', {}, title)]), list)
}
