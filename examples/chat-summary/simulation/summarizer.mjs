/** In place of a model: keeps the sentences with decisions. */
export async function simulatedSummarizer({ json }) {
  const text = json.messages.at(-1).content
  const decisions = text.match(/Decided: [^.]+\./g) ?? []
  const content = decisions.length === 0 ? 'Nothing was decided.' : decisions.map((line) => `- ${line}`).join('\n')
  const usage = { prompt_tokens: Math.ceil(text.length / 4), completion_tokens: Math.ceil(content.length / 4) }
  const choices = [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }]
  const answer = { id: 'simulated', object: 'chat.completion', created: 0, model: json.model, choices, usage }
  return {
    status: 200,
    reason: 'OK',
    headers: [['content-type', 'application/json']],
    body: new Response(JSON.stringify(answer)).body
  }
}
