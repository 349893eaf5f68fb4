/**
 * Sums up a chat that is too long for one request: parts are summed up on their own (map), the summaries together
 * (reduce), and again while they do not fit. Under a budget of nanotons that is asked before every request: what does not
 * fit is left out and said, instead of being paid for.
 *
 * The model is simulated by an upstream that takes the sentences with decisions in them.
 */
import { Cocoon } from 'cocoonkit'
import { fromDevnet, startDevnet } from 'cocoonkit/devnet'
import { Budget } from './src/budget.mjs'
import { chat } from './simulation/chat.mjs'
import { simulatedSummarizer } from './simulation/summarizer.mjs'

const MODEL = 'devnet/summarizer'
/** Of one request's text. A token is some four characters. */
const PART_CHARACTERS = 2400
const MAX_TOKENS = 120
const PARALLEL = 3

const devnet = await startDevnet({ upstream: simulatedSummarizer, workers: [{ model: MODEL }] })
const cocoon = new Cocoon({ ...fromDevnet(devnet), maxCoefficient: 1000 })

try {
  for (const capNano of [600_000n, 100_000n]) {
    const budget = new Budget({ capNano, prices: devnet.prices })
    const { text, parts, left } = await summarize(chat, budget)
    console.log(
      `budget ${capNano} nanoTON, ${chat.length} messages in ${parts} parts${left > 0 ? `, ${left} left out` : ''}`
    )
    console.log(text)
    console.log(`spent ${budget.spentNano} nanoTON in ${budget.requests} requests\n`)
  }
} finally {
  await cocoon.close()
  await devnet.close()
}

async function summarize(messages, budget) {
  const parts = split(messages.map(({ from, text }) => `${from}: ${text}`))
  // Joining is paid for first: summaries that nobody joins are worth little.
  const release = budget.keep(PART_CHARACTERS, MAX_TOKENS)
  let summaries = await mapInOrder(parts, (part) =>
    ask('Sum up this part of a chat: decisions, dates, who does what.', part, budget)
  )
  const left = summaries.filter((summary) => summary === undefined).length
  release()
  for (;;) {
    const groups = split(summaries.filter((summary) => summary !== undefined))
    const joined = await mapInOrder(groups, (group) => ask('Join these summaries into one.', group, budget))
    // What cannot be joined any more is given as it is.
    if (groups.length === 0 || joined.includes(undefined)) return { text: groups.join('\n'), parts: parts.length, left }
    if (joined.length === 1) return { text: joined[0], parts: parts.length, left }
    summaries = joined
  }
}

/** @returns The answer, or `undefined` when the budget does not allow the request. */
async function ask(instructions, text, budget) {
  const reservation = await budget.reserve(instructions.length + text.length, MAX_TOKENS)
  if (reservation === undefined) return undefined
  const messages = [
    { role: 'system', content: instructions },
    { role: 'user', content: text }
  ]
  try {
    const call = cocoon.chat.completions.create({ model: MODEL, messages, max_tokens: MAX_TOKENS, temperature: 0 })
    const { data, costNano } = await call.withResponse()
    reservation.settle(costNano)
    return data.choices[0].message.content
  } catch (error) {
    // What is not known to be free counts as spent.
    reservation.settle(error.charged === 'no' ? 0n : undefined)
    throw error
  }
}

/** Lines packed into texts of at most `PART_CHARACTERS`. */
function split(lines) {
  const texts = []
  let text = ''
  for (const line of lines) {
    if (text !== '' && text.length + line.length > PART_CHARACTERS) {
      texts.push(text)
      text = ''
    }
    text += text === '' ? line : `\n${line}`
  }
  return text === '' ? texts : [...texts, text]
}

/** `Promise.all` with at most `PARALLEL` at once; results stay in order. */
async function mapInOrder(items, run) {
  const results = []
  const queue = items.entries()
  const worker = async () => {
    for (const [index, item] of queue) results[index] = await run(item)
  }
  await Promise.all(Array.from({ length: PARALLEL }, worker))
  return results
}
