import { describe, expect, it } from 'vitest'

import { CHAT, chunk, contents, surfaceOver, TOKENS, WHOLE } from './fake-transport.js'

describe('chat.completions.create', () => {
  it('returns the object as received', async () => {
    const { surface, transport } = surfaceOver({ parts: [WHOLE.slice(0, 20), '', WHOLE.slice(20)] })
    const answer = await surface.chat.completions.create(CHAT)
    expect(JSON.stringify(answer)).toBe(WHOLE.trim())
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined()
    expect((answer as { polluted?: boolean }).polluted).toBeUndefined()
    expect(transport.body()).toEqual(CHAT)
    expect(transport.requests[0]).toMatchObject({
      model: 'm',
      path: '/v1/chat/completions',
      maxCoefficient: 4000,
      reservedTokens: 10_000,
      enableDebug: false
    })
  })

  it('gives what stands around the answer', async () => {
    const { surface } = surfaceOver({ parts: [WHOLE] }, { pricePerTokenNano: 20n })
    const result = await surface.chat.completions.create(CHAT).withResponse()
    expect(result.data.choices[0]?.message.content).toBe('Hi!')
    expect(result).toMatchObject({
      costNano: 840n,
      costSource: 'price',
      tokensUsed: TOKENS,
      requestId: 'cd'.repeat(32),
      attestationId: 'ab'.repeat(32)
    })
    expect(result.peer.address).toBe('127.0.0.1:5222')
    expect(result.response.headers.get('x-request-id')).toBe('cd'.repeat(32))
    expect(result.response.headers.get('x-cocoon-cost-nano')).toBe('840')
  })

  it('labels a cost that only the peer claims', async () => {
    const { surface } = surfaceOver({ parts: [WHOLE] })
    expect(await surface.chat.completions.create(CHAT).withResponse()).toMatchObject({
      costNano: 840n,
      costSource: 'peer-claim'
    })
  })

  it('streams', async () => {
    const { surface, transport } = surfaceOver(
      { parts: [`data: ${chunk('a')}\n\nda`, `ta: ${chunk('b')}\n\n`, 'data: [DONE]\n\n', 'rubbish'] },
      { pricePerTokenNano: 1n }
    )
    const { data, costNano, tokensUsed, final } = await surface.chat.completions
      .create({ ...CHAT, stream: true })
      .withResponse()
    expect(await contents(data)).toEqual(['a', 'b'])
    expect(await costNano).toBe(42n)
    expect(await tokensUsed).toEqual(TOKENS)
    expect((await final).complete).toBe(true)
    expect(transport.body()['stream']).toBe(true)
  })

  it('awaits to an async iterable', async () => {
    const { surface } = surfaceOver({ parts: [`data: ${chunk('a')}`] })
    expect(await contents(await surface.chat.completions.create({ ...CHAT, stream: true }))).toEqual(['a'])
  })

  it('knows that nothing was charged before a peer was asked', async () => {
    const hanging = surfaceOver({ hang: true })
    const early = hanging.surface.chat.completions.create(CHAT, { signal: AbortSignal.abort() })
    await expect(early).rejects.toMatchObject({ code: 'ERR_ABORTED', charged: 'no' })
    const late = hanging.surface.chat.completions.create(CHAT, { timeoutMs: 5 }).catch((error: unknown) => error)
    await hanging.clock.advance(5)
    expect(await late).toMatchObject({ code: 'ERR_TIMEOUT', charged: 'unknown' })
  })

  it('gives an endless error body up', async () => {
    const { surface, transport } = surfaceOver({
      status: 500,
      parts: (function* () {
        for (;;) yield 'x'.repeat(10_000)
      })()
    })
    await expect(surface.chat.completions.create(CHAT)).rejects.toMatchObject({
      code: 'ERR_UPSTREAM_HTTP',
      charged: 'unknown'
    })
    expect(transport.cancelled).toHaveLength(1)
  })
})
