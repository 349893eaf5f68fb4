/**
 * What a gateway has to do in every runtime, asked over HTTP from outside. The server is gateway-server.mjs.
 *
 * @module
 */
const MODEL = 'devnet/echo'
const PROMPT = 'The gateway reads the same words: äöü, 你好, 🦋.'
const ALICE = 'token-of-alice-0001'
const POOR = 'token-of-a-poor-one-01'

/**
 * @param {new (options: object) => object} Cocoon - Of the built package, for this side.
 * @param {string} origin - Of the gateway.
 * @param {object} description - Of the devnet behind it.
 * @returns {Promise<{ name: string, ok: boolean, ms: number, error?: string }[]>}
 */
export async function runGatewaySuite(Cocoon, origin, description) {
  const gateway = new Gateway(Cocoon, origin, description)
  const steps = []
  for (const [name, step] of Object.entries(STEPS)) {
    const started = Date.now()
    const result = { name: `gateway: ${name}`, ok: true, ms: 0 }
    try {
      await withDeadline(step(gateway), name)
    } catch (error) {
      result.ok = false
      result.error = String(error?.message ?? error)
    }
    steps.push({ ...result, ms: Date.now() - started })
  }
  return steps
}

class Gateway {
  constructor(Cocoon, origin, description) {
    this.Cocoon = Cocoon
    this.origin = origin
    this.description = description
  }

  post(body, { token = ALICE, signal } = {}) {
    return fetch(`${this.origin}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model: MODEL, messages: [{ role: 'user', content: PROMPT }], ...body }),
      signal
    })
  }

  async state() {
    return (await fetch(`${this.origin}/_state`)).json()
  }

  /** Waits for something that happens after the answer. */
  async until(what, isSo) {
    for (let turn = 0; turn < 200; turn++) {
      const state = await this.state()
      if (isSo(state)) return state
      await new Promise((resolve) => setTimeout(resolve, 25))
    }
    throw new Error(`${what}: not within 5 s`)
  }
}

const STEPS = {
  async models(gateway) {
    const url = `${gateway.origin}/v1/models`
    const response = await fetch(url, { headers: { authorization: `Bearer ${ALICE}` } })
    const { data } = await response.json()
    assert(
      data.some(({ id }) => id === MODEL),
      'the model is not listed'
    )
    const refused = await fetch(url)
    assert(refused.status === 401, `a stranger got ${refused.status}`)
    await refused.text()
  },

  async chat(gateway) {
    const response = await gateway.post({})
    const answer = await response.json()
    assert(response.status === 200, `${response.status}: ${JSON.stringify(answer)}`)
    assert(answer.choices[0].message.content.endsWith(PROMPT), 'the answer lacks the prompt')
    assert(/^[0-9a-f]{64}$/.test(response.headers.get('x-cocoon-request-id')), 'no id of the network')
    const { receipts } = await gateway.until('a receipt', (state) => state.receipts.length > 0)
    assert(receipts[0].outcome === 'complete' && BigInt(receipts[0].spentNano) > 0n, JSON.stringify(receipts[0]))
  },

  async stream(gateway) {
    const response = await gateway.post({ stream: true })
    assert(response.headers.get('content-type').includes('text/event-stream'), 'no stream of events')
    const text = await response.text()
    assert(text.split('\n\n').length > 5 && text.trimEnd().endsWith('data: [DONE]'), text.slice(-100))
  },

  async 'many at once'(gateway) {
    const answers = await Promise.all(Array.from({ length: 8 }, () => gateway.post({ stream: true })))
    const texts = await Promise.all(answers.map((answer) => answer.text()))
    assert(
      texts.every((text) => text.trimEnd().endsWith('data: [DONE]')),
      texts.map((text) => text.slice(-60)).join(' | ')
    )
  },

  async 'encrypted end to end'(gateway) {
    const { encryptionKeys, isTest } = gateway.description.network
    const cocoon = new gateway.Cocoon({
      gateway: { url: gateway.origin, headers: { authorization: `Bearer ${ALICE}` } },
      network: { encryptionKeys, isTest }
    })
    try {
      const before = (await gateway.state()).seen.length
      const messages = [{ role: 'user', content: 'a canary sings 🐤' }]
      const { data, encrypted } = await cocoon.chat.completions.create({ model: MODEL, messages }).withResponse()
      assert(encrypted && data.choices[0].message.content.endsWith('a canary sings 🐤'), JSON.stringify(data))
      let text = ''
      for await (const { choices } of await cocoon.chat.completions.create({ model: MODEL, messages, stream: true }))
        text += choices[0]?.delta?.content ?? ''
      assert(text.endsWith('a canary sings 🐤'), `streamed: ${text}`)
      const seen = (await gateway.state()).seen.slice(before)
      assert(seen.length === 2 && seen.every((body) => body.includes('"is_encrypted":"v1"')), `${seen.length} bodies`)
      assert(!seen.some((body) => body.includes('canary')), 'the gateway read the prompt')
    } finally {
      await cocoon.close()
    }
  },

  async budget(gateway) {
    const statuses = []
    for (let count = 0; count < 12 && !statuses.includes(402); count++) {
      const response = await gateway.post({ max_tokens: 500 }, { token: POOR })
      const text = await response.text()
      statuses.push(response.status)
      assert([200, 402].includes(response.status), `${response.status}: ${text}`)
    }
    assert(statuses.includes(402), `never refused: ${statuses.join()}`)
    const other = await gateway.post({})
    assert(other.status === 200, `another user got ${other.status}`)
    await other.text()
  },

  async 'a caller that leaves'(gateway) {
    const before = (await gateway.state()).receipts.length
    const controller = new AbortController()
    // The answer goes on: in workerd a loopback caller that left is noticed only by writing to it.
    const messages = [{ role: 'user', content: 'word '.repeat(10_000) }]
    const response = await gateway.post({ messages, stream: true }, { signal: controller.signal })
    await response.body.getReader().read()
    controller.abort()
    const { receipts } = await gateway.until(
      'the settlement of a cut answer',
      (state) => state.receipts.length > before && state.activeRequests === 0
    )
    assert(receipts.at(-1).outcome === 'cut', JSON.stringify(receipts.at(-1)))
  },

  async 'bodies that are too large'(gateway) {
    const response = await gateway.post({ messages: [{ role: 'user', content: 'x'.repeat(200_000) }] })
    assert(response.status === 413, `status ${response.status}`)
    await response.text()
  }
}

function withDeadline(work, name) {
  let timer
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${name} took longer than 30 s`)), 30_000)
  })
  return Promise.race([work, late]).finally(() => clearTimeout(timer))
}

function assert(condition, message) {
  if (!condition) throw new Error(message)
}
