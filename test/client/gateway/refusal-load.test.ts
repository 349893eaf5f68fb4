import { expect, it, vi } from 'vitest'

import { parseEndpoint } from '../../../src/client/gateway/index.js'
import { createGatewayTransport } from '../../../src/client/gateway/transport/index.js'
import type { CallBudget, InferenceRequest } from '../../../src/runtime/ports/inference.js'

const failing = vi.hoisted(() => new Set<string>())

vi.mock('../../../src/client/gateway/refusal.js', async (original) => {
  const real = await original<object>()
  // What a failed import looks like to those who await it.
  return {
    ...real,
    // oxlint-disable-next-line unicorn/no-thenable -- an import that fails is what is played
    get then() {
      if (failing.delete('refusal')) throw new Error('chunk not found')
      return undefined
    }
  }
})

const budget: CallBudget = { signal: new AbortController().signal, remainingMs: () => 60_000 }
const request: InferenceRequest = {
  model: 'm',
  path: '/v1/chat/completions',
  maxCoefficient: 4000,
  enableDebug: false,
  reservedTokens: 1,
  headers: [],
  body: new TextEncoder().encode('{}')
}

it.each([
  [429, 'application/json', 429],
  [200, 'text/html', 502]
])(
  'a refusal (%i, %s) whose reader cannot be loaded is an error of the gateway, then read',
  async (status, type, httpStatus) => {
    const answer = JSON.stringify({ error: { code: 'ERR_LIMIT_EXCEEDED', charged: 'no' } })
    const fetch = async (): Promise<Response> => new Response(answer, { status, headers: { 'content-type': type } })
    const transport = createGatewayTransport(parseEndpoint('https://gateway.example', 'gateway'), { fetch })
    failing.add('refusal')
    await expect(transport.send(() => request, budget)).rejects.toMatchObject({
      code: 'ERR_GATEWAY',
      phase: 'gateway',
      httpStatus,
      charged: 'unknown',
      retryable: false
    })
    expect(failing.size).toBe(0)
    await expect(transport.send(() => request, budget)).rejects.toMatchObject(
      status === 429 ? { code: 'ERR_LIMIT_EXCEEDED', charged: 'no' } : { code: 'ERR_GATEWAY', charged: 'unknown' }
    )
    await transport.close()
  }
)
