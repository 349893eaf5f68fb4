import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createOpenAI } from '../../src/openai.js'
import { startScripted } from './devnet-client.js'

let scripted: Awaited<ReturnType<typeof startScripted>>
beforeAll(async () => {
  scripted = await startScripted({ tools: 'prompt', jsonMode: 'prompt' })
})
afterAll(() => scripted.close())

describe('the official SDK over a devnet', () => {
  test('models, a completion, a stream', async () => {
    const openai = createOpenAI(scripted.cocoon)
    expect((await openai.models.list()).data.map(({ id }) => id)).toEqual(['scripted'])
    const messages = [{ role: 'user' as const, content: 'hello' }]
    const whole = await openai.chat.completions.create({ model: 'scripted', messages })
    expect(whole.choices[0]!.message.content).toBe('You said: hello')
    let text = ''
    for await (const chunk of await openai.chat.completions.create({ model: 'scripted', messages, stream: true }))
      text += chunk.choices[0]?.delta.content ?? ''
    expect(text).toBe('You said: hello')
  })

  test('its own runner of tools, over prompts', async () => {
    const asked: unknown[] = []
    const runner = createOpenAI(scripted.cocoon).chat.completions.runTools({
      model: 'scripted',
      stream: true,
      messages: [{ role: 'user', content: 'call the tool' }],
      tools: [
        {
          type: 'function',
          function: {
            name: 'weather',
            description: 'tells the weather',
            parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
            parse: JSON.parse,
            function: (given: { city: string }) => {
              asked.push(given)
              return 'rain'
            }
          }
        }
      ]
    })
    expect(await runner.finalContent()).toBe('It rains in Tokyo.')
    expect(asked).toEqual([{ city: 'Tokyo' }])
  })

  test('the environment and the key stay out of it', () => {
    const openai = createOpenAI(scripted.cocoon, { timeout: 5000 })
    expect(openai).toMatchObject({
      apiKey: 'unused',
      baseURL: 'http://cocoon.invalid/v1',
      maxRetries: 0,
      timeout: 5000
    })
  })
})
