/** Wires the page: settings, badge, conversation. */
import { Badge } from './badge.js'
import { Connection } from './connection.js'
import { Conversation } from './conversation.js'
import { byId, closable, make } from './elements.js'
import { startTheme } from './theme.js'

const SUGGESTIONS = ['Who can read this message?', 'Count from one to five.', 'Schreib mir einen Satz über Seide.']

const settings = byId('settings')
const prompt = byId('prompt')
const conversation = new Conversation()
const badge = new Badge(connectAndShow)
/** @type {Connection | undefined} */
let connection
/** @type {AbortController | undefined} */
let answering

startTheme()
for (const dialog of document.querySelectorAll('dialog')) closable(dialog)
for (const text of SUGGESTIONS) {
  const button = make('button', { type: 'button', class: 'quiet' }, text)
  button.addEventListener('click', () => void ask(text))
  byId('suggestions').append(make('li', {}, button))
}

byId('open-settings').addEventListener('click', () => settings.showModal())
byId('settings-form').addEventListener('submit', (event) => {
  event.preventDefault()
  if (useSettings()) {
    settings.close()
    connectAndShow()
  }
})
byId('composer').addEventListener('submit', (event) => {
  event.preventDefault()
  void ask(prompt.value)
})
byId('stop').addEventListener('click', () => answering?.abort())
prompt.addEventListener('input', fitPrompt)
prompt.addEventListener('keydown', (event) => {
  // While an input method composes, Enter belongs to it.
  if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return
  event.preventDefault()
  byId('composer').requestSubmit()
})

await loadOffer()
prompt.focus()

/** A server that knows a network offers it beside the page (dev.mjs does); elsewhere the reader fills the settings in. */
async function loadOffer() {
  const response = await fetch('./network.json').catch(() => undefined)
  if (!response?.ok || !response.headers.get('content-type')?.includes('json')) return
  const { relayUrl, description, model } = await response.json()
  byId('relay').value = relayUrl
  byId('description').value = JSON.stringify(description, null, 2)
  byId('model').value = model
  useSettings()
}

/** Takes the settings over; says in the dialog what is wrong with them. */
function useSettings() {
  const problem = byId('settings-error')
  problem.hidden = true
  try {
    const next = new Connection(Object.fromEntries(new FormData(byId('settings-form'))))
    next.addEventListener('network', ({ detail }) => {
      if (next === connection) badge.follow(detail)
    })
    void connection?.close()
    connection = next
    badge.reset()
    return true
  } catch (error) {
    problem.textContent = `${error.message}${error.remedy === undefined ? '' : ` ${error.remedy}`}`
    problem.hidden = false
    return false
  }
}

/** Connects because the reader wants to see the verdict; a failure is on the badge already. */
function connectAndShow() {
  if (connection === undefined) settings.showModal()
  else connect().catch(() => undefined)
}

/** Connects and shows the verdict. */
async function connect() {
  const current = connection
  try {
    badge.judge(await current.report())
    byId('models').replaceChildren(...(await current.models()).map((name) => make('option', { value: name })))
  } catch (error) {
    if (current === connection) showFailure(error)
    throw error
  }
}

function showFailure(error) {
  if (error.report !== undefined) badge.judge(error.report)
  else badge.fail(error.code ?? 'Failed')
}

async function ask(text) {
  if (answering !== undefined || text.trim() === '') return
  if (connection === undefined) return void settings.showModal()
  answering = new AbortController()
  const { signal } = answering
  showAnswering(true)
  prompt.value = ''
  fitPrompt()
  conversation.say(text.trim())
  const answer = conversation.answer()
  try {
    await connect()
    answer.finish(await connection.ask(conversation.messages, { signal, onText: answer.append }))
  } catch (error) {
    answer.fail(
      signal.aborted
        ? 'Stopped. The network may go on and charge for it.'
        : `${error.code ?? 'Error'}: ${error.message}`
    )
  } finally {
    answering = undefined
    showAnswering(false)
    prompt.focus()
  }
}

function showAnswering(is) {
  byId('send').hidden = is
  byId('stop').hidden = !is
}

function fitPrompt() {
  prompt.style.height = 'auto'
  prompt.style.height = `${prompt.scrollHeight}px`
}
