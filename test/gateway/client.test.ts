/**
 * The library's own client through the library's own gateway.
 */
import { describe, expect, test } from 'vitest'
import { bearerTokens } from '../../src/gateway/index.js'
import { Cocoon, type CocoonOptions } from '../../src/index.js'
import type { Script } from '../client/openai/fake-transport.js'
import type { InferenceRequest } from '../../src/runtime/ports/inference.js'
import { gatewayOver, settled, type TestGateway } from './support.js'
import { NETWORK, worker } from './worker.js'

const TOKEN = '0123456789abcdef'
const CHAT = { model: 'm', messages: [{ role: 'user' as const, content: 'canary-question' }] }

function clientOver(
  script: (request: InferenceRequest) => Script,
  options: Partial<CocoonOptions> = {}
): TestGateway & { cocoon: Cocoon; wire: string[] } {
  const watched = gatewayOver(script, { authorize: bearerTokens({ tokens: { [TOKEN]: { user: 'alice' } } }) })
  const wire: string[] = []
  const cocoon = new Cocoon({
    gateway: {
      url: 'https://gateway.test',
      headers: { authorization: `Bearer ${TOKEN}` },
      fetch: async (input, init) => {
        const request = new Request(input as string | URL, init)
        wire.push(await request.clone().text())
        return watched.gateway(request)
      }
    },
    network: { isTest: true, encryptionKeys: [{ publicKey: NETWORK.publicKey, expiresAtUnix: 4e9 }] },
    ...options
  })
  return { ...watched, cocoon, wire }
}

describe('Cocoon over createGateway', () => {
  test('encrypted both ways by default: the gateway sees ciphertext, the caller text', async () => {
    const requests: unknown[] = []
    const { cocoon, wire, receipts } = clientOver(worker(requests, ['canary-', 'answer']))
    const { data, encrypted } = (await cocoon.chat.completions
      .create({ ...CHAT, stream: false })
      .withResponse()) as unknown as {
      data: { choices: { message: { content: string } }[] }
      encrypted: unknown
    }
    expect(data.choices[0]!.message.content).toBe('canary-answer')
    expect(encrypted).toBeTruthy()
    let text = ''
    for await (const chunk of await cocoon.chat.completions.create({ ...CHAT, stream: true }))
      text += chunk.choices[0]?.delta.content ?? ''
    expect(text).toBe('canary-answer')
    expect(JSON.stringify(requests)).toContain('canary-question')
    expect(wire.join()).not.toContain('canary')
    await settled()
    expect(receipts.map(({ user, isEncrypted, outcome }) => [user, isEncrypted, outcome])).toEqual([
      ['alice', true, 'complete'],
      ['alice', true, 'complete']
    ])
  })

  test('models, and a refusal of the gateway', async () => {
    const { cocoon, transport } = clientOver(() => ({}))
    transport.types = [{ name: 'm', workers: [{ coefficient: 1000, activeRequests: 0, maxActiveRequests: 1 }] }]
    expect((await cocoon.models.list()).data.map(({ id }) => id)).toEqual(['m'])
    const other = clientOver(() => ({}), {
      gateway: { url: 'https://gateway.test', fetch: (input, init) => other.gateway(new Request(input as URL, init)) }
    })
    await expect(other.cocoon.models.list()).rejects.toMatchObject({ code: 'ERR_UNAUTHORIZED' })
  })
})
