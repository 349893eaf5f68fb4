/** The badge beside the title: how far the connection is, and the verdict. Opens the report when there is one. */
import { byId } from './elements.js'
import { kindName, renderReport } from './report.js'

const PHASES = { dial: 'Reached the proxy', pow: 'Proof of work done', tls: 'Encrypted', attestation: 'Checked' }

export class Badge {
  #report
  #button = byId('badge')
  #text = byId('badge-text')
  #work = byId('work')

  /** @param {() => void} onWithoutReport - What a click does while there is no report. */
  constructor(onWithoutReport) {
    this.#button.addEventListener('click', () => {
      if (this.#report === undefined) return onWithoutReport()
      byId('report-body').replaceChildren(renderReport(this.#report))
      byId('report').showModal()
      byId('report').scrollTop = 0
    })
  }

  /** Shows what the client tells about its connection. */
  follow(event) {
    if (event.type === 'dial') this.#show('busy', 'Connecting…')
    if (event.type === 'pow-progress') {
      // The number of tries is a matter of luck: after the expected number two thirds of all runs have ended.
      const likely = 1 - Math.exp(-event.hashes / 2 ** event.difficultyBits)
      this.#work.hidden = false
      this.#work.value = likely
      this.#show('busy', `Proof of work, ${Math.round(likely * 100)} %`)
    }
    if (event.type === 'phase' && event.phase in PHASES) {
      this.#work.hidden = true
      this.#show('busy', `${PHASES[event.phase]}…`)
    }
    if (event.type === 'disconnected') this.reset('Disconnected')
  }

  /** Shows a verdict. */
  judge(report) {
    this.#report = report
    this.#work.hidden = true
    // A description of a devnet brings its own roots: the verdict is real, the hardware is not.
    if (report.verdict === 'verified') this.#show('verified', `Attested: ${kindName(report.kind)} of a devnet`)
    else this.#show('refused', 'Refused')
  }

  reset(text = 'Not connected') {
    this.#report = undefined
    this.#work.hidden = true
    this.#show('idle', text)
  }

  fail(text) {
    this.#work.hidden = true
    if (this.#report === undefined) this.#show('refused', text)
  }

  #show(state, text) {
    this.#button.dataset.state = state
    this.#button.title = this.#report === undefined ? 'Connect and check the other end' : 'Open the attestation report'
    this.#text.textContent = text
  }
}
