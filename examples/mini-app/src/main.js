/** Wires the page: sign-in, the two ways, conversation, budget. */
import { Conversation } from './conversation.js'
import { byId, closable, make, ton } from './elements.js'
import { findNetwork } from './network.js'
import { signIn } from './server.js'
import { buzz, initData, startTelegram } from './telegram.js'
import { openTopUp } from './top-up.js'
import { showBadge, showTrust } from './trust.js'
import { createDirectWay } from './ways/direct.js'
import { createGatewayWay } from './ways/through-gateway.js'

const SUGGESTIONS = ['Who can read this?', 'Sum up my week in one line', 'Wie sage ich das höflich?']
const PHASES = { dial: 'Connected', pow: 'Work done', tls: 'Encrypted', attestation: 'Checked' }

const prompt = byId('prompt')
const conversation = new Conversation()
/** How to make each way. @type {Record<string, () => object>} */
let makers = {}
/** The way in use. */
let way
let isAnswering = false

startTelegram()
for (const dialog of document.querySelectorAll('dialog')) closable(dialog)
for (const text of SUGGESTIONS) {
  const button = make('button', { type: 'button', class: 'quiet small' }, text)
  button.addEventListener('click', () => void ask(text))
  byId('suggestions').append(make('li', {}, button))
}
byId('badge').addEventListener('click', () => void openTrust())
byId('top-up').addEventListener('click', () => void openTopUp(() => void awaitTopUp()))
byId('ways').addEventListener('change', ({ target }) => void choose(target.value))
byId('composer').addEventListener('submit', (event) => {
  event.preventDefault()
  void ask(prompt.value)
})
prompt.addEventListener('input', fitPrompt)
prompt.addEventListener('keydown', (event) => {
  // While an input method composes, Enter belongs to it.
  if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return
  event.preventDefault()
  byId('composer').requestSubmit()
})
await start()

async function start() {
  try {
    if (initData === '') throw Object.assign(new Error('open this page from the bot'), { isRefusal: true })
    const [session, chainOptions] = await Promise.all([signIn(), findNetwork()])
    // A devnet brings its own roots: verdicts are real, the hardware and the money are not.
    byId('greeting').textContent = `Hello, ${session.user.name} · devnet`
    makers = {
      direct: session.direct && (() => createDirectWay({ ...session, chainOptions, onEvent: follow })),
      gateway: () => createGatewayWay({ ...session, chainOptions })
    }
    await connectPreferred()
  } catch (error) {
    showBadge('refused', error.isRefusal ? 'Not signed in' : 'Failed')
    byId('badge').disabled = true
    byId('greeting').textContent = 'Not signed in'
    say(
      `${error.isRefusal ? 'Telegram did not vouch for you' : 'The server cannot be used'}: ${error.message}.`,
      'problem'
    )
    buzz('error')
  }
}

/** The channel first. When it cannot be reached, the server takes its place, and the page says so. */
async function connectPreferred() {
  if (makers.direct === undefined) return fallBack('all channels are taken')
  try {
    await connect('direct')
  } catch (error) {
    // A machine that does not convince is no reason to ask another in silence.
    if (error.report !== undefined) return
    await fallBack(error.code ?? error.message)
  }
}

async function fallBack(reason) {
  await connect('gateway').catch(() => undefined)
  say(`Your own channel cannot be reached (${reason}). Messages go through the server, encrypted end to end.`)
}

/** The reader's own choice: no other way is tried. */
async function choose(name) {
  say('')
  await connect(name).catch((error) => say(`${error.code ?? 'Error'}: ${error.message}`, 'problem'))
}

async function connect(name) {
  showUsable(false)
  showBadge('busy', 'Connecting…')
  void way?.close()
  const current = (way = makers[name]())
  byId('ways').querySelector(`[value=${name}]`).checked = true
  byId('ways').querySelector('[value=direct]').disabled = makers.direct === undefined
  byId('way-note').textContent = current.note
  byId('top-up').hidden = name !== 'direct'
  try {
    const { state, text } = await current.connect()
    if (current !== way) return
    showBadge(state, text)
    await showBudget()
    showUsable(true)
    buzz('success')
  } catch (error) {
    if (current !== way) return
    showBadge('refused', error.report === undefined ? 'Not connected' : 'Refused')
    if (error.report !== undefined) {
      say('The other end did not prove what it runs. Nothing was sent.', 'problem')
      way.trust = async () => ({ report: error.report })
    }
    byId('ways').disabled = false
    throw error
  }
}

/** Progress of a connection. */
function follow(event) {
  if (event.type === 'pow-progress') {
    // The number of tries is a matter of luck: after the expected number two thirds of all runs have ended.
    const likely = 1 - Math.exp(-event.hashes / 2 ** event.difficultyBits)
    showBadge('busy', `Proof of work ${Math.round(likely * 100)} %`)
  }
  if (event.type === 'phase' && event.phase in PHASES) showBadge('busy', `${PHASES[event.phase]}…`)
}

async function ask(text) {
  if (isAnswering || prompt.disabled || text.trim() === '') return
  isAnswering = true
  byId('send').disabled = true
  prompt.value = ''
  fitPrompt()
  conversation.say(text.trim())
  const answer = conversation.answer()
  try {
    answer.finish(await way.ask(conversation.messages, { onText: answer.append }))
  } catch (error) {
    answer.fail(`${error.code ?? 'Error'}: ${error.message}`)
    buzz('error')
  }
  await showBudget()
  isAnswering = false
  byId('send').disabled = false
  prompt.focus()
}

async function showBudget() {
  try {
    const { capNano, spentNano } = await way.budget()
    const leftNano = capNano > spentNano ? capNano - spentNano : 0n
    byId('budget').value = Number(leftNano) / Number(capNano)
    byId('budget-text').textContent = `${ton(leftNano)} of ${ton(capNano)} left`
  } catch {
    byId('budget-text').textContent = 'Budget unknown'
  }
}

/** Waits until the channel shows what the wallet sent. */
async function awaitTopUp() {
  say('Sent. Waiting for the chain…')
  for (let attempt = 0; attempt < 30; attempt++) {
    const addedNano = (await way.added?.().catch(() => 0n)) ?? 0n
    if (addedNano > 0n) {
      await showBudget()
      return say(`${ton(addedNano)} were added to your channel.`)
    }
    await new Promise((resolve) => setTimeout(resolve, 1000))
  }
  say('Sent, but the channel does not show it yet.')
}

async function openTrust() {
  try {
    showTrust(await way.trust())
  } catch (error) {
    say(`${error.code ?? 'Error'}: ${error.message}`, 'problem')
  }
}

function say(text, kind = 'info') {
  const notice = byId('fallback')
  notice.textContent = text
  notice.hidden = text === ''
  notice.dataset.kind = kind
}

function showUsable(is) {
  prompt.disabled = !is
  byId('send').disabled = !is
  byId('ways').disabled = !is
  if (is) prompt.focus()
}

function fitPrompt() {
  prompt.style.height = 'auto'
  prompt.style.height = `${prompt.scrollHeight}px`
}
