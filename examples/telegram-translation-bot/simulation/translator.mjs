/** In place of a model: knows these sentences, and needs the context for some of them. */
const SENTENCES = [
  [/Hast du die Katze gesehen\?$/, 'Have you seen the cat?'],
  [/Katze[^]*sie sitzt auf dem Dach\.$/, 'Yes, she (the cat) is sitting on the roof.'],
  [/Katze[^]*Kann sie von dort herunter\?$/, 'Can she (the cat) get down from there?'],
  [/On mange où ce soir \?$/, 'Where are we eating tonight?'],
  [/On mange[^]*Chez elle, comme toujours\.$/, 'At her place, as always (about dinner).']
]

/** An upstream of the devnet: a function in place of an inference server. */
export async function simulatedTranslator({ json }) {
  const text = json.messages.at(-1).content
  const content = SENTENCES.find(([pattern]) => pattern.test(text))?.[1] ?? '(no idea)'
  const usage = { prompt_tokens: text.split(/\s+/).length, completion_tokens: content.split(/\s+/).length }
  const choices = [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }]
  const answer = { id: 'simulated', object: 'chat.completion', created: 0, model: json.model, choices, usage }
  return {
    status: 200,
    reason: 'OK',
    headers: [['content-type', 'application/json']],
    body: new Response(JSON.stringify(answer)).body
  }
}
