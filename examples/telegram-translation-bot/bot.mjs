/**
 * A Telegram bot that translates a group's messages, each with the conversation before it: "it" and "she" need context.
 *
 * Telegram is simulated by a list of updates, in the form in which getUpdates gives them; the model by an upstream that
 * knows five sentences. Prompts leave for an attested proxy only, and no chat is kept beyond what context needs.
 */
import { Cocoon } from 'cocoonkit'
import { fromDevnet, startDevnet } from 'cocoonkit/devnet'
import { simulatedTelegram } from './simulation/telegram.mjs'
import { simulatedTranslator } from './simulation/translator.mjs'

/** Messages of a chat that go along with the next one. */
const CONTEXT_MESSAGES = 6
const INSTRUCTIONS =
  'Translate the last message of the conversation to English. Earlier messages are context: use them for pronouns, ' +
  'gender and tone. Answer with the translation and nothing else.'

const devnet = await startDevnet({ upstream: simulatedTranslator, workers: [{ model: 'devnet/translator' }] })
const cocoon = new Cocoon(fromDevnet(devnet))
const telegram = simulatedTelegram()
/** Chat id → its newest messages. */
const contexts = new Map()

try {
  let offset = 0
  for (;;) {
    const updates = await telegram.getUpdates({ offset, timeout: 30 })
    if (updates.length === 0) break
    for (const { update_id: id, message } of updates) {
      // Telegram forgets an update when the next one is asked for: one that fails is told, not tried for ever.
      offset = id + 1
      if (message?.text === undefined) continue
      await telegram.sendMessage(await translated(message))
    }
  }
} finally {
  await cocoon.close()
  await devnet.close()
}

/** The answer to a message, as `sendMessage` takes it. */
async function translated({ chat, from, text, message_id: messageId }) {
  const context = contexts.get(chat.id) ?? []
  context.push(`${from.first_name}: ${text}`)
  contexts.set(chat.id, context.slice(-CONTEXT_MESSAGES))
  const reply = { chat_id: chat.id, reply_parameters: { message_id: messageId } }
  try {
    const { choices } = await cocoon.chat.completions.create(
      {
        model: 'devnet/translator',
        temperature: 0,
        max_tokens: 500,
        messages: [
          { role: 'system', content: INSTRUCTIONS },
          { role: 'user', content: context.join('\n') }
        ]
      },
      { timeoutMs: 30_000 }
    )
    return { ...reply, text: choices[0].message.content }
  } catch (error) {
    // Typed: the code says what happened, and no text of the chat stands in it.
    return { ...reply, text: `(not translated: ${error.code})` }
  }
}
