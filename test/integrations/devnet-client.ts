/**
 * A client over a devnet whose model answers from a script: `call` makes it call a tool, anything else is echoed.
 *
 * @module
 */
import { fromDevnet, startDevnet, type Upstream } from '../../src/devnet/index.js'
import { Cocoon, type CocoonOptions } from '../../src/index.js'

const CALL = '<tool_call>{"name": "weather", "arguments": {"city": "Tokyo"}}</tool_call>'

interface Told {
  readonly messages: readonly { readonly role: string; readonly content: string }[]
  readonly stream?: boolean
}

function answerTo({ messages }: Told): string {
  const last = messages.at(-1)?.content ?? ''
  if (last.includes('<tool_response>')) return 'It rains in Tokyo.'
  if (last.includes('call the tool')) return `One moment. ${CALL}`
  if (last.includes('as JSON')) return '```json\n{"city": "Tokyo", "degrees": 21}\n```'
  return `You said: ${last}`
}

const upstream: Upstream = async ({ json, stream }) => {
  const text = answerTo(json as unknown as Told)
  const head = { id: 'chatcmpl-1', created: 1_750_000_000, model: 'scripted' }
  const usage = {
    prompt_tokens: 12,
    completion_tokens: 5,
    total_tokens: 17,
    prompt_tokens_details: { cached_tokens: 4 }
  }
  async function* body(): AsyncGenerator<Uint8Array> {
    const encoder = new TextEncoder()
    if (!stream) {
      const message = { role: 'assistant', content: text, reasoning_content: 'hm' }
      yield encoder.encode(
        JSON.stringify({
          ...head,
          object: 'chat.completion',
          choices: [{ index: 0, message, finish_reason: 'stop' }],
          usage
        })
      )
      return
    }
    const event = (fields: object): Uint8Array =>
      encoder.encode(`data: ${JSON.stringify({ ...head, object: 'chat.completion.chunk', ...fields })}\n\n`)
    const choice = (delta: object, reason: string | null = null): Uint8Array =>
      event({ choices: [{ index: 0, delta, finish_reason: reason }] })
    yield choice({ role: 'assistant', content: '' })
    yield choice({ reasoning_content: 'hm' })
    for (const piece of text.match(/[\s\S]{1,4}/g) ?? []) yield choice({ content: piece })
    yield choice({}, 'stop')
    yield event({ choices: [], usage })
    yield encoder.encode('data: [DONE]\n\n')
  }
  return {
    status: 200,
    reason: 'OK',
    headers: [['content-type', stream ? 'text/event-stream' : 'application/json']],
    body: body()
  }
}

/** Starts both. */
export async function startScripted(
  options: Partial<CocoonOptions> = {}
): Promise<{ readonly cocoon: Cocoon; close(): Promise<void> }> {
  const devnet = await startDevnet({ workers: [{ model: 'scripted' }], upstream, difficultyBits: 0 })
  const cocoon = new Cocoon({ ...fromDevnet(devnet), ...options })
  return {
    cocoon,
    close: async () => {
      await cocoon.close()
      await devnet.close()
    }
  }
}
