import { generateObject, generateText, jsonSchema, stepCountIs, streamText, tool } from 'ai'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createCocoonProvider, type CocoonProvider } from '../../src/ai-sdk.js'
import { startScripted } from './devnet-client.js'

let scripted: Awaited<ReturnType<typeof startScripted>>
let cocoon: CocoonProvider
let prompted: CocoonProvider
beforeAll(async () => {
  scripted = await startScripted()
  cocoon = createCocoonProvider(scripted.cocoon)
  prompted = createCocoonProvider(scripted.cocoon, { tools: 'prompt', jsonMode: 'prompt' })
})
afterAll(() => scripted.close())

const tools = {
  weather: tool({
    description: 'tells the weather',
    inputSchema: jsonSchema<{ city: string }>({
      type: 'object',
      properties: { city: { type: 'string' } },
      required: ['city']
    }),
    execute: async ({ city }) => ({ city, weather: 'rain' })
  })
}

describe('the AI SDK over a devnet', () => {
  test('generateText: text, reasoning, usage, ids', async () => {
    const result = await generateText({ model: cocoon('scripted'), system: 'Be kind.', prompt: 'hello' })
    expect(result.text).toBe('You said: hello')
    expect(result.reasoningText).toBe('hm')
    expect(result.finishReason).toBe('stop')
    expect(result.usage).toMatchObject({
      inputTokens: 12,
      outputTokens: 5,
      totalTokens: 17,
      inputTokenDetails: { cacheReadTokens: 4 }
    })
    expect(result.response).toMatchObject({ id: 'chatcmpl-1', modelId: 'scripted' })
    expect(result.response.headers).toHaveProperty('x-cocoon-verified', 'true')
  })

  test('streamText: deltas, reasoning, usage', async () => {
    const result = streamText({ model: cocoon('scripted'), prompt: 'hello' })
    const types = new Set<string>()
    let text = ''
    for await (const part of result.fullStream) {
      types.add(part.type)
      if (part.type === 'text-delta') text += part.text
    }
    expect(text).toBe('You said: hello')
    expect([...types]).toEqual(
      expect.arrayContaining([
        'reasoning-start',
        'reasoning-delta',
        'reasoning-end',
        'text-start',
        'text-end',
        'finish'
      ])
    )
    expect(await result.usage).toMatchObject({ inputTokens: 12, outputTokens: 5 })
    expect(await result.finishReason).toBe('stop')
  })

  test.each(['generate', 'stream'])('a tool is called, its result told, and answered: %s', async (way) => {
    const settings = { model: prompted('scripted'), prompt: 'call the tool', tools, stopWhen: stepCountIs(3) }
    const result = way === 'generate' ? await generateText(settings) : streamText(settings)
    const steps = await result.steps
    expect(steps).toHaveLength(2)
    expect(steps[0]!.finishReason).toBe('tool-calls')
    expect(steps[0]!.text).toBe('One moment. ')
    expect(steps[0]!.toolCalls[0]).toMatchObject({ toolName: 'weather', input: { city: 'Tokyo' } })
    expect(await result.text).toBe('It rains in Tokyo.')
  })

  test('without the option, tools are the typed error of the network’s rules', async () => {
    const call = generateText({ model: cocoon('scripted'), prompt: 'call the tool', tools, maxRetries: 0 })
    await expect(call).rejects.toMatchObject({ code: 'ERR_REQUEST_FIELD', field: 'tools' })
  })

  test('generateObject', async () => {
    const schema = jsonSchema<{ city: string; degrees: number }>({
      type: 'object',
      properties: { city: { type: 'string' }, degrees: { type: 'number' } },
      required: ['city', 'degrees']
    })
    const { object } = await generateObject({ model: prompted('scripted'), schema, prompt: 'the weather as JSON' })
    expect(object).toEqual({ city: 'Tokyo', degrees: 21 })
  })

  test('what cannot be asked for: a warning, or an error', async () => {
    const { warnings } = await generateText({ model: cocoon('scripted'), prompt: 'hi', topK: 5 })
    expect(warnings).toEqual([{ type: 'unsupported', feature: 'topK' }])
    const image = { type: 'image' as const, image: new Uint8Array([1]), mediaType: 'image/png' }
    await expect(
      generateText({ model: cocoon('scripted'), messages: [{ role: 'user', content: [image] }] })
    ).rejects.toThrow(/files of type image\/png/)
    expect(() => cocoon.imageModel('x')).toThrow(/x/)
    expect(() => cocoon.embeddingModel('x')).toThrow(/x/)
  })

  test('abort', async () => {
    const controller = new AbortController()
    controller.abort()
    await expect(
      generateText({ model: cocoon('scripted'), prompt: 'hi', abortSignal: controller.signal })
    ).rejects.toBeDefined()
  })
})
