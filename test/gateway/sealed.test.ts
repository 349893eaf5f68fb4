/**
 * Bodies that their author encrypted: the gateway passes them, and sees no word of them.
 */
import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { encodeUtf8 } from '../../src/encoding/index.js'
import { decryptAnswer, decryptFormParts, encryptForm, encryptRequest } from '../../src/envelope/index.js'
import type { InferenceRequest } from '../../src/runtime/ports/inference.js'
import type { Script } from '../client/openai/fake-transport.js'
import { errorOf, gatewayOver, post, settled } from './support.js'
import { NETWORK, worker } from './worker.js'

const CANARIES = ['canary-question', 'canary-system', 'canary-answer', 'canary-stop']
const BODY = {
  model: 'm',
  messages: [
    { role: 'system', content: 'canary-system' },
    { role: 'user', content: 'canary-question' }
  ],
  stop: ['canary-stop'],
  temperature: 0.5
}
const options = { receiverPublicKey: NETWORK.publicKey }

/** A gateway that writes down everything it can see. */
function watchedGateway(script: (request: InferenceRequest) => Script) {
  const seen: string[] = []
  const watched = gatewayOver(script, {
    onEvent: (event) => void seen.push(inspect(event, { depth: 10 })),
    onReceipt: (receipt) => void seen.push(inspect(receipt, { depth: 10 })),
    metrics: true
  })
  const call = async (request: Request): Promise<Response> => {
    seen.push(request.url, inspect([...request.headers]), await request.clone().text())
    const response = await watched.gateway(request)
    const text = await response.text()
    seen.push(inspect([...response.headers]), text)
    await settled()
    for (const { headers, ...rest } of watched.transport.requests)
      seen.push(inspect([headers, rest.path, rest.model]), new TextDecoder().decode(rest.body))
    seen.push(watched.gateway.metricsText())
    return new Response(text, { status: response.status, headers: response.headers })
  }
  return { ...watched, call, seen }
}

describe('a gateway between a page and a worker', () => {
  test('a whole conversation, streamed and not: no word of it is seen', async () => {
    const requests: Record<string, unknown>[] = []
    const { call, seen, transport } = watchedGateway(worker(requests, ['canary-', 'answer']))
    for (const stream of [false, true]) {
      const { body, senderKey } = await encryptRequest({ ...BODY, stream }, options)
      const text = JSON.stringify(body, undefined, 1)
      const response = await call(post(text))
      expect(response.status).toBe(200)
      const answer = await response.text()
      const documents = stream
        ? answer
            .split('\n\n')
            .filter((line) => line.startsWith('data: {'))
            .map((line) => line.slice(6))
        : [answer]
      const clear = await Promise.all(documents.map((document) => decryptAnswer(document, { senderKey })))
      expect(JSON.stringify(clear)).toContain('canary-')
      if (stream) expect(clear).toHaveLength(2)
      expect(answer.endsWith('data: [DONE]\n\n')).toBe(stream)
      // Byte for byte, white space included.
      expect(new TextDecoder().decode(transport.requests.at(-1)!.body)).toBe(text)
      expect(transport.requests.at(-1)!.networkPublicKey).toEqual(NETWORK.publicKey)
    }
    expect(requests).toMatchObject([
      { ...BODY, stream: false },
      { ...BODY, stream: true }
    ])
    const dump = seen.join('\n')
    expect(dump).toContain('ENC_')
    for (const word of CANARIES) expect(dump).not.toContain(word)
    // The dump would have shown them.
    expect(CANARIES.every((word) => JSON.stringify(requests).includes(word) || word === 'canary-answer')).toBe(true)
  })

  test('the same conversation in clear is all in the dump: the test can fail', async () => {
    const { call, seen } = watchedGateway(() => ({ parts: ['{"choices":[]}'] }))
    await call(post(BODY))
    expect(seen.join('\n')).toContain('canary-question')
  })

  test('an encrypted error of the inference server passes with its status', async () => {
    const { call, seen } = watchedGateway(worker([], [], 422))
    const { body, senderKey } = await encryptRequest(BODY, options)
    const response = await call(post(body))
    expect(response.status).toBe(422)
    expect(await decryptAnswer(await response.text(), { senderKey })).toMatchObject({
      error: { message: 'canary-answer' }
    })
    expect(seen.join('\n')).not.toContain('canary')
  })

  test('an encrypted form passes, and its answer as it comes', async () => {
    const form = new FormData()
    form.set('model', 'm')
    form.set('language', 'canary-language')
    form.set('file', new File([encodeUtf8('canary-audio')], 'canary.wav'))
    const { form: sealed } = await encryptForm(form, options)
    const { gateway, transport } = gatewayOver({ parts: ['{"text":', '"ENC_"}'] })
    const response = await gateway(
      new Request('https://gateway.test/v1/audio/transcriptions', { method: 'POST', body: sealed })
    )
    expect(response.status).toBe(200)
    expect(await response.text()).toBe('{"text":"ENC_"}')
    const [request] = transport.requests
    expect(request!.networkPublicKey).toEqual(NETWORK.publicKey)
    const sent = await new Response(request!.body.slice(), {
      headers: { 'content-type': request!.headers[1]![1] }
    }).formData()
    const parts = new Map<string, string>()
    for (const [name, value] of sent.entries()) parts.set(name, typeof value === 'string' ? value : await value.text())
    const clear = await decryptFormParts(parts, NETWORK.seed)
    expect(new TextDecoder().decode(clear.parts.get('file'))).toBe('canary-audio')
    expect(new TextDecoder().decode(clear.parts.get('language'))).toBe('canary-language')
  })

  test('fields for the network are read and taken out; the rest stays', async () => {
    const { gateway, transport } = gatewayOver({ parts: ['{}'] })
    const { body } = await encryptRequest({ ...BODY, max_tokens: 9, max_coefficient: 1500, timeout: 20 }, options)
    expect((await gateway(post(body))).status).toBe(200)
    expect(transport.requests[0]).toMatchObject({ reservedTokens: 9, maxCoefficient: 1500 })
    const { max_coefficient: _coefficient, timeout: _timeout, ...rest } = body
    expect(transport.body()).toEqual(rest)
  })

  test.each([null, 0])('a limit of %s is the gateway’s', async (none) => {
    const { gateway, transport } = gatewayOver({ parts: ['{}'] }, { limits: { maxTokens: 100 } })
    const { body } = await encryptRequest({ ...BODY, max_tokens: none, max_completion_tokens: none }, options)
    expect((await gateway(post(body))).status).toBe(200)
    expect(transport.requests[0]).toMatchObject({ reservedTokens: 100 })
    expect(transport.body()).toEqual({ ...body, max_tokens: 100, max_completion_tokens: 100 })
  })

  test('an older proxy cannot carry it', async () => {
    const { gateway, transport } = gatewayOver({ peer: { protocolVersion: 2 } })
    const { body } = await encryptRequest(BODY, options)
    expect(await errorOf(await gateway(post(body)))).toMatchObject({ code: 'ERR_ENCRYPTION_UNAVAILABLE' })
    expect(transport.requests).toHaveLength(0)
  })

  test.each<[string, (body: Record<string, unknown>) => void]>([
    ['a key of 33 bytes in base64', (body) => (body['receiver_public_key'] = 'A'.repeat(44))],
    ['a sender key of 33 bytes', (body) => (body['sender_public_key'] = 'A'.repeat(44))],
    ['a key that is a number', (body) => (body['receiver_public_key'] = 5)],
    ['no key', (body) => delete body['receiver_public_key']],
    ['no nonce', (body) => delete body['encryption_nonce']],
    ['another scheme', (body) => (body['is_encrypted'] = 'v2')],
    ['is_encrypted that is no text', (body) => (body['is_encrypted'] = true)],
    ['a string of 3 bytes', (body) => (body['user'] = 'abc')],
    ['an empty string', (body) => (body['user'] = '')],
    ['a clear string', (body) => (body['user'] = 'canary-user')],
    ['a DEC_ string', (body) => (body['user'] = 'DEC_canary-user')],
    ['a short string in a list', (body) => (body['stop'] = [[{ a: ['x'] }]])],
    ['half a block', (body) => (body['user'] = `ENC_${'0'.repeat(80)}`)],
    ['a model with a suffix', (body) => (body['model'] = 'm@1')],
    ['bottomless nesting', (body) => (body['x'] = JSON.parse(`${'['.repeat(500)}${']'.repeat(500)}`))]
  ])('%s is refused with 400 before anything is sent', async (_case, spoil) => {
    const { gateway, transport } = gatewayOver({ parts: ['{}'] })
    const { body } = await encryptRequest(BODY, options)
    spoil(body)
    const response = await gateway(post(body))
    expect(response.status).toBe(400)
    expect(await response.text()).not.toContain('canary')
    expect(transport.requests).toHaveLength(0)
  })
})
