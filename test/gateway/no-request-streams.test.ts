import { expect, test } from 'vitest'
import { CHAT, WHOLE } from '../client/openai/fake-transport.js'
import { gatewayOver, post } from './support.js'

/** As in Firefox. */
function withoutStream(request: Request): Request {
  return Object.defineProperty(request, 'body', { value: undefined })
}

test('reads bodies where requests have no streams, within the same bound', async () => {
  const { gateway } = gatewayOver({ parts: [WHOLE] }, { limits: { maxBodyBytes: 1000 } })
  expect((await gateway(withoutStream(post(CHAT)))).status).toBe(200)
  const long = { ...CHAT, user: 'x'.repeat(1000) }
  expect((await gateway(withoutStream(post(long)))).status).toBe(413)
})
