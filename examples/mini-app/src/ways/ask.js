/** One question and its streamed answer; the same on every way. */

/** A bound for one answer, so that a channel this small is never reserved whole. */
const MAX_TOKENS = 400

/** @returns What the answer used, and whether it was encrypted end to end. */
export async function ask(cocoon, model, messages, { onText }) {
  const startedMs = performance.now()
  let firstTokenMs
  const call = cocoon.chat.completions.create({ model, messages, max_tokens: MAX_TOKENS, stream: true })
  const { data: stream, final, encrypted } = await call.withResponse()
  for await (const chunk of stream) {
    const text = chunk.choices[0]?.delta.content
    if (typeof text !== 'string' || text === '') continue
    firstTokenMs ??= performance.now() - startedMs
    onText(text)
  }
  const { tokensUsed, costNano } = await final
  return { firstTokenMs, tokens: tokensUsed?.total, costNano, encrypted }
}
