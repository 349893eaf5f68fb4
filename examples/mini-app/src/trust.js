/** The badge, and the sheet behind it: what was proved, by whom, and what nobody can prove. */
import { byId, facts, make } from './elements.js'

const KINDS = { tdx: 'Intel TDX', snp: 'AMD SEV-SNP', fake: 'a fake for tests', none: 'no evidence' }
const PAGE_LIMIT =
  "It came from the developer's server. Whoever can change the page can read what is typed into it; nothing in the page can prove the page."
const MARKS = { pass: '✓', fail: '✕' }

/** @param {'idle' | 'busy' | 'verified' | 'encrypted' | 'refused'} state */
export function showBadge(state, text) {
  const badge = byId('badge')
  badge.dataset.state = state
  badge.disabled = state === 'idle' || state === 'busy'
  byId('badge-text').textContent = text
}

/** Opens the sheet. @param {{ report?: object, encryption?: object, hearsay?: object }} trust */
export function showTrust({ report, encryption, hearsay }) {
  const body = byId('report-body')
  body.replaceChildren()
  if (report !== undefined) body.append(...reportParts(report))
  if (encryption !== undefined) body.append(encryptionPart(encryption, report === undefined))
  if (hearsay !== undefined) body.append(hearsayPart(hearsay))
  body.append(section('And this page', make('p', { class: 'soft' }, PAGE_LIMIT)))
  byId('report').showModal()
  byId('report').scrollTop = 0
}

function reportParts(report) {
  const passed = report.checks.filter(({ outcome }) => outcome === 'pass')
  const failed = report.checks.filter(({ outcome }) => outcome === 'fail')
  const isGood = report.verdict === 'verified'
  const verdict = isGood
    ? `Verified in this page: ${KINDS[report.kind] ?? report.kind}, ${passed.length} checks passed, ${failed.length} failed`
    : `Refused by ${report.refusedBy.join(', ')}. Nothing was sent.`
  const parts = [make('p', { class: `verdict ${isGood ? 'good' : 'bad'}` }, verdict)]
  if (failed.length > 0) parts.push(section('Failed', checks(failed)))
  parts.push(
    make(
      'dl',
      { class: 'facts' },
      ...facts([
        ['Image', code(report.imageHash)],
        ['Platform', report.tcbStatus],
        ['Valid until', report.validUntil],
        ['Trusts', report.trust.join('; ')],
        ['Report', code(report.id)]
      ])
    ),
    section('What this does not prove', bullets(report.residuals.map(({ statement }) => statement))),
    make('details', {}, make('summary', {}, `${passed.length} passed checks`), checks(passed))
  )
  return parts
}

function encryptionPart({ usableKeys, keySource, readableBy, staysReadable }, isAlone) {
  const [key] = usableKeys
  const parts = []
  if (isAlone)
    parts.push(
      key === undefined
        ? make('p', { class: 'verdict bad' }, 'No key to encrypt to: nothing is sent.')
        : make('p', { class: 'verdict good' }, "Encrypted in this page; the developer's server cannot open it.")
    )
  if (key !== undefined) {
    const rows = [
      ['Key', code(key.publicKey)],
      ['Until', new Date(key.expiresAtUnix * 1000).toISOString()],
      ['Learnt', keySource === 'given' ? "from the devnet's description, in place of the root contract" : keySource]
    ]
    parts.push(make('dl', { class: 'facts' }, ...facts(rows)))
    parts.push(make('h4', {}, 'Can be opened by'), bullets(readableBy))
    parts.push(make('h4', {}, 'Stays readable on the way'), bullets(staysReadable))
  }
  return section('End-to-end encryption', ...parts)
}

function hearsayPart({ verdict, kind, id }) {
  const text = `The server says that its own connection is ${verdict} (${KINDS[kind] ?? kind}). That is its word; this page has not checked it.`
  return section(
    "The server's word",
    make('p', { class: 'soft' }, text),
    make('dl', { class: 'facts' }, ...facts([['Report', code(id)]]))
  )
}

function checks(list) {
  const items = list.map(({ id, outcome, compared }) =>
    make(
      'li',
      { 'data-outcome': outcome },
      make('span', { class: 'mark', 'aria-hidden': 'true' }, MARKS[outcome]),
      make('code', {}, id),
      make('span', { class: 'soft' }, compared)
    )
  )
  return make('ul', { class: 'checks' }, ...items)
}

function bullets(texts) {
  return make('ul', { class: 'bullets' }, ...texts.map((text) => make('li', {}, text)))
}

function section(title, ...children) {
  return make('section', {}, make('h3', {}, title), ...children)
}

function code(text) {
  return text ? make('code', {}, text) : undefined
}
