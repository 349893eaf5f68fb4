import { describe, expect, test } from 'vitest'
import { budget, openBench, PEER, readText, request } from './support/scripted-proxy.js'

describe('a query', () => {
  test('yields head, parts in order, and what the final message says', async () => {
    const { session, proxy } = await openBench()
    const sending = session.query(request(), { budget: budget(100_000), peer: PEER })
    const query = await proxy.runQuery()
    expect(query).toMatchObject({ modelName: 'test/model', maxTokens: 1000, timeout: 95, enableDebug: false, minConfigVersion: 3 })
    expect(query.publicKey).toBeUndefined()
    await proxy.head(query.requestId, 201)
    await proxy.part(query.requestId, 'one ')
    await proxy.part(query.requestId, 'two')
    await proxy.final(query.requestId, '!')
    const answer = await sending
    expect(answer.status).toBe(201)
    expect(answer.headers).toEqual([['content-type', 'text/event-stream']])
    expect(await readText(answer.parts)).toBe('one two!')
    expect(await answer.final).toMatchObject({ complete: true, tokensUsed: { prompt: 1n, total: 10n } })
    expect(session.activeRequests).toBe(0)
    await session.close()
  })
})
