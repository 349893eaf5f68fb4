/**
 * What any proxy of the network must do for a client. Pointed at the devnet in every run, and at a real proxy when the
 * environment names one; so it asks for little and spends a few hundred tokens.
 *
 * @module
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { AttestationRefusedError, Cocoon, CocoonError, type CocoonOptions, type NetworkEvent } from '../../src/index.js'
import type { InteropTarget } from './target.js'

/** Longest answer asked for, tokens. */
const MAX_TOKENS = 64

/** Defines the suite. */
export function defineClientSuite(name: string, start: () => Promise<InteropTarget>, stop: () => Promise<void>): void {
  describe(name, () => {
    let target: InteropTarget
    let cocoon: Cocoon
    let model: string
    const events: NetworkEvent[] = []

    beforeAll(async () => {
      target = await start()
      cocoon = new Cocoon({ ...target.options, onEvent: (event) => events.push(event) })
      const { models } = await cocoon.market()
      const served = target.model ?? models.find(({ workers }) => workers.length > 0)?.name
      if (served === undefined) throw new Error('the market has no model with workers')
      model = served
    })
    afterAll(async () => {
      await cocoon?.close()
      await stop()
    })

    const messages = [{ role: 'user', content: 'Say hello in one short sentence.' }] as const

    test('the peer was judged before anything was sent', async () => {
      const report = await cocoon.attestation()
      expect(report.schema).toBe('cocoonkit.attestation-report.v1')
      expect(report.id).toMatch(/^[0-9a-f]{64}$/)
      const order = events.flatMap((event) => (event.type === 'phase' ? [event.phase] : []))
      expect(order.slice(0, 7)).toEqual(['dial', 'pow', 'tls', 'attestation', 'connect', 'handshake', 'authorization'])
    })

    test('the default policy refuses it', async () => {
      await using guarded = new Cocoon({ ...target.options, attestation: undefined })
      const error = await guarded.attestation().catch((thrown: unknown) => thrown)
      expect(error).toBeInstanceOf(AttestationRefusedError)
    })

    test('models', async () => {
      const { object, data } = await cocoon.models.list()
      expect(object).toBe('list')
      expect(data.map(({ id }) => id)).toContain(model)
    })

    test('a whole answer, with figures', async () => {
      const result = await cocoon.chat.completions
        .create({ model, messages, max_tokens: MAX_TOKENS, stream: false })
        .withResponse()
      expect(result.data.choices[0]?.message.role).toBe('assistant')
      expect(result.requestId).toMatch(/^[0-9a-f]{64}$/)
      const figures = await result.final
      expect(figures.complete).toBe(true)
      expect(figures.tokensUsed?.total).toBeGreaterThanOrEqual(0n)
    })

    test('a streamed answer', async () => {
      // Workers of the real network may lose event streams (v3.md §4); the fallback makes the answer whole on any of them.
      const body = { model, messages, max_tokens: MAX_TOKENS, stream: true } as const
      const stream = await cocoon.chat.completions.create(body, { streamFallback: 'buffered' })
      let text = ''
      for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? ''
      expect(text.length).toBeGreaterThan(0)
    })

    test('several requests at once on one connection', async () => {
      const ask = (): Promise<unknown> =>
        cocoon.chat.completions
          .create({ model, messages, max_tokens: 16, stream: false })
          .then(({ choices }) => choices.length)
      expect(await Promise.all([ask(), ask(), ask()])).toEqual([1, 1, 1])
      expect(events.filter((event) => event.type === 'connected')).toHaveLength(1)
    })

    test('fetch speaks OpenAI', async () => {
      const init = { method: 'POST', body: JSON.stringify({ model, messages, max_tokens: 16 }) }
      const response = await cocoon.fetch('https://any.host/v1/chat/completions', init)
      expect(response.status).toBe(200)
      expect(await response.json()).toMatchObject({ object: 'chat.completion' })
      expect((await cocoon.fetch('https://any.host/v1/nothing')).status).toBe(404)
    })

    test('an abandoned request leaves the connection usable', async () => {
      const controller = new AbortController()
      const call = cocoon.chat.completions.create(
        { model, messages, max_tokens: 16, stream: false },
        { signal: controller.signal }
      )
      controller.abort()
      await expect(call).rejects.toMatchObject({ code: 'ERR_ABORTED' })
      expect((await cocoon.models.list()).data.length).toBeGreaterThan(0)
    })

    test('an unknown model is refused and not charged', async () => {
      const call = cocoon.chat.completions.create({ model: 'no/such-model', messages, stream: false })
      await expect(call).rejects.toMatchObject({ code: 'ERR_QUERY_REFUSED', charged: 'no' })
      expect((await cocoon.models.list()).data.length).toBeGreaterThan(0)
    })

    test('a field that workers refuse is refused before anything is sent', async () => {
      const sent = (): number => events.filter((event) => event.type === 'query-sent').length
      const before = sent()
      const body = { model, messages, logit_bias: { '50256': -100 }, stream: false } as never
      await expect(cocoon.chat.completions.create(body)).rejects.toMatchObject({
        code: 'ERR_REQUEST_FIELD',
        field: 'logit_bias'
      })
      expect(sent()).toBe(before)
    })

    test('a wrong secret is refused', async () => {
      const account: CocoonOptions['account'] = { ...target.options.account, secret: 'certainly not the secret' }
      await using stranger = new Cocoon({ ...target.options, account })
      const error = await stranger.models.list().catch((thrown: unknown) => thrown)
      expect(CocoonError.is(error)).toBe(true)
      expect((error as CocoonError).phase).toBe('authorization')
    })

    test('the other network is refused', async () => {
      const network = { ...target.options.network, isTest: target.options.network.isTest !== true }
      await using stranger = new Cocoon({
        ...target.options,
        network,
        account: { ...target.options.account, secret: 'x' }
      })
      await expect(stranger.models.list()).rejects.toMatchObject({ phase: 'handshake' })
    })
  })
}
