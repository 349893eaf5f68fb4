import { type AIMessageChunk, HumanMessage, SystemMessage, ToolMessage } from '@langchain/core/messages'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ChatCocoon } from '../../src/langchain.js'
import { startScripted } from './devnet-client.js'

let scripted: Awaited<ReturnType<typeof startScripted>>
let model: ChatCocoon
let prompted: ChatCocoon
beforeAll(async () => {
  scripted = await startScripted()
  const { cocoon } = scripted
  model = new ChatCocoon({ cocoon, model: 'scripted', request: { temperature: 0 } })
  prompted = new ChatCocoon({ cocoon, model: 'scripted', callOptions: { tools: 'prompt', jsonMode: 'prompt' } })
})
afterAll(() => scripted.close())

const WEATHER = {
  type: 'function',
  function: {
    name: 'weather',
    description: 'tells the weather',
    parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] }
  }
}

describe('LangChain over a devnet', () => {
  test('invoke: content, usage, reasoning', async () => {
    const answer = await model.invoke([new SystemMessage('Be kind.'), new HumanMessage('hello')])
    expect(answer.content).toBe('You said: hello')
    expect(answer.usage_metadata).toEqual({ input_tokens: 12, output_tokens: 5, total_tokens: 17 })
    expect(answer.additional_kwargs).toEqual({ reasoning_content: 'hm' })
    expect(answer.response_metadata).toMatchObject({ finish_reason: 'stop' })
  })

  test('stream: chunks that add up', async () => {
    let all: AIMessageChunk | undefined
    let count = 0
    for await (const chunk of await model.stream('hello')) {
      count++
      all = all === undefined ? chunk : all.concat(chunk)
    }
    expect(count).toBeGreaterThan(3)
    expect(all!.content).toBe('You said: hello')
    expect(all!.usage_metadata).toMatchObject({ input_tokens: 12, output_tokens: 5, total_tokens: 17 })
  })

  test('batch, and events', async () => {
    const answers = await model.batch(['a', 'b'])
    expect(answers.map(({ content }) => content)).toEqual(['You said: a', 'You said: b'])
    const names: string[] = []
    for await (const { event } of model.streamEvents('hello', { version: 'v2' })) names.push(event)
    expect(names[0]).toBe('on_chat_model_start')
    expect(names.at(-1)).toBe('on_chat_model_end')
    expect(names).toContain('on_chat_model_stream')
  })

  test('tools: a call and its answer', async () => {
    const bound = prompted.bindTools([WEATHER])
    const question = new HumanMessage('call the tool')
    const answer = await bound.invoke([question])
    expect(answer.tool_calls).toMatchObject([{ name: 'weather', args: { city: 'Tokyo' } }])
    const result = new ToolMessage({ content: 'rain', tool_call_id: answer.tool_calls![0]!.id! })
    expect((await bound.invoke([question, answer, result])).content).toBe('It rains in Tokyo.')
    let all: AIMessageChunk | undefined
    for await (const chunk of await bound.stream([question])) all = all === undefined ? chunk : all.concat(chunk)
    expect(all!.tool_calls).toMatchObject([{ name: 'weather', args: { city: 'Tokyo' } }])
  })

  test('withStructuredOutput, by a tool', async () => {
    const schema = { title: 'weather', type: 'object', properties: { city: { type: 'string' } }, required: ['city'] }
    const structured = prompted.withStructuredOutput(schema, { name: 'weather' })
    expect(await structured.invoke('call the tool')).toEqual({ city: 'Tokyo' })
  })

  test('errors of the network come as they are, without a second try', async () => {
    await expect(model.bindTools([WEATHER]).invoke('x')).rejects.toMatchObject({ code: 'ERR_REQUEST_FIELD' })
    await expect(model.invoke('x', { signal: AbortSignal.abort() })).rejects.toBeDefined()
  })
})
