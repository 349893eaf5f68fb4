/**
 * The portable suite: what the packed package has to do in every runtime. Plain ESM without any platform's own imports, so
 * the same file runs in Node, Bun, Deno, workerd and in pages. It talks to a devnet that the caller started.
 *
 * Every step reports its own outcome; a step that fails does not keep the next ones from running.
 *
 * @module
 */
import { Cocoon } from 'cocoonkit'
import { fromDevnet } from 'cocoonkit/attestation'
import { anyone, createGateway } from 'cocoonkit/gateway'
import { relayDialer, solvePowInWorker, solvePowWith } from 'cocoonkit/browser'

const MODEL = 'devnet/echo'
const PROMPT = 'Every runtime reads the same words: äöü, 你好, 🦋.'
/** Fresh connections whose TLS time is measured. */
const HANDSHAKES = 5
/** How long the proof of work is measured, milliseconds. */
const POW_MEASURED_MS = 1500
const WITH_MODULE = 'proof of work with a given module'

/**
 * @typedef {object} SuiteConfig
 * @property {object} description - Of a devnet with an easy proof of work.
 * @property {object} encrypted - Of a devnet whose workers take encrypted requests.
 * @property {object} hard - Of a devnet whose proof of work nobody can finish; for the speed of the solver.
 * @property {string | undefined} relayUrl - Relay to dial through; `undefined` = the runtime's own TCP.
 *
 * @typedef {object} StepResult
 * @property {string} name
 * @property {boolean} ok
 * @property {number} ms
 * @property {string} [error]
 *
 * @param {SuiteConfig} config
 * @param {{ powModule?: object }} [platform] - What the runtime was deployed with.
 * @returns {Promise<{ steps: StepResult[], figures: Record<string, number> }>}
 */
export async function runSuite(config, platform = {}) {
  const bench = new Bench(config, platform)
  const steps = []
  for (const [name, step] of Object.entries(STEPS)) {
    if (name === WITH_MODULE && platform.powModule === undefined) continue
    const started = Date.now()
    try {
      await withDeadline(step(bench), name)
      steps.push({ name, ok: true, ms: Date.now() - started })
    } catch (error) {
      steps.push({ name, ok: false, ms: Date.now() - started, error: describe(error) })
    }
    await bench.closeClients()
  }
  return { steps, figures: bench.figures }
}

/** Hands out clients and closes them after each step. */
class Bench {
  figures = {}
  #clients = []

  constructor(config, platform) {
    this.config = config
    this.platform = platform
  }

  /** A client of the devnet; `events` gets what it tells about connections. */
  client({ description = this.config.description, events = [], runtime = {}, ...options } = {}) {
    const { relayUrl } = this.config
    const dialer = relayUrl === undefined ? undefined : relayDialer({ url: relayUrl })
    const cocoon = new Cocoon({
      ...fromDevnet(description),
      timeoutMs: 30_000,
      onEvent: (event) => events.push(event),
      runtime: { dialer, ...runtime },
      ...options
    })
    this.#clients.push(cocoon)
    return cocoon
  }

  /** A client of a gateway; requests are answered by `handle`. */
  gatewayClient(handle, { encryptionKeys, isTest }) {
    const gateway = { url: 'http://localhost', fetch: (url, init) => handle(new Request(url, init)) }
    const cocoon = new Cocoon({ gateway, network: { encryptionKeys, isTest } })
    this.#clients.push(cocoon)
    return cocoon
  }

  async closeClients() {
    for (const client of this.#clients.splice(0)) await client.close()
  }
}

const STEPS = {
  async connect(bench) {
    const times = []
    for (let count = 0; count < HANDSHAKES; count++) {
      const events = []
      const cocoon = bench.client({ events })
      await cocoon.market()
      await cocoon.close()
      const tls = events.find((event) => event.type === 'phase' && event.phase === 'tls')
      assert(tls !== undefined, 'no TLS phase was reported')
      times.push(tls.ms)
    }
    // The best of them: the others say how busy the machine was.
    bench.figures.handshakeMs = Math.min(...times)
  },

  async attest(bench) {
    const report = await bench.client().attestation()
    assert(report.verdict === 'verified', `verdict ${report.verdict}: ${report.refusedBy.join(', ')}`)
    assert(report.kind === 'tdx' && report.checks.length > 20, `${report.kind}, ${report.checks.length} checks`)
    assert(
      report.checks.every((check) => !check.enforced || check.outcome === 'pass' || check.outcome === 'not-applicable'),
      'an enforced check did not pass'
    )
  },

  async 'refuse an unknown image'(bench) {
    const description = structuredClone(bench.config.description)
    description.attestation.policy.imageHashes = ['00'.repeat(32)]
    const events = []
    const error = await rejection(bench.client({ description, events }).models.list())
    assert(error.code === 'ERR_ATTESTATION_REFUSED', `expected a refusal, got ${describe(error)}`)
    assert(!events.some((event) => event.type === 'connected'), 'the refused peer was used')
  },

  async chat(bench) {
    const cocoon = bench.client()
    const answer = await cocoon.chat.completions.create(request())
    const [choice] = answer.choices
    assert(choice.message.content.endsWith(PROMPT), `unexpected answer: ${choice.message.content}`)
    assert(choice.finish_reason === 'stop' && answer.usage.total_tokens > 0, 'finish reason or usage is missing')
  },

  async stream(bench) {
    const cocoon = bench.client()
    const stream = await cocoon.chat.completions.create({ ...request(), stream: true })
    let text = ''
    let chunks = 0
    for await (const chunk of stream) {
      chunks++
      text += chunk.choices[0]?.delta?.content ?? ''
    }
    assert(chunks > 5, `${chunks} chunks`)
    assert(text.endsWith(PROMPT), `unexpected text: ${text}`)
  },

  async fetch(bench) {
    const cocoon = bench.client()
    const response = await cocoon.fetch('https://cocoon.invalid/v1/chat/completions', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ...request(), stream: true })
    })
    const text = await response.text()
    assert(response.status === 200 && text.trimEnd().endsWith('data: [DONE]'), `${response.status}: ${text.slice(-80)}`)
  },

  // Both sides of the gateway and the envelope, with what this runtime has for `Request`, `Response` and X25519.
  async 'encrypted over a gateway'(bench) {
    const description = bench.config.encrypted
    const gateway = createGateway({ cocoon: bench.client({ description }), authorize: anyone() })
    const seen = []
    const cocoon = bench.gatewayClient(async (received) => {
      seen.push(await received.clone().text())
      return gateway(received)
    }, description.network)
    const { data, encrypted } = await cocoon.chat.completions.create(request()).withResponse()
    assert(encrypted && data.choices[0].message.content.endsWith(PROMPT), 'the answer lacks the prompt')
    let text = ''
    for await (const { choices } of await cocoon.chat.completions.create({ ...request(), stream: true }))
      text += choices[0]?.delta?.content ?? ''
    assert(text.endsWith(PROMPT), `unexpected text: ${text}`)
    assert(seen.length === 2 && seen.every((body) => body.includes('"ENC_')), `${seen.length} encrypted bodies`)
    assert(!seen.some((body) => body.includes('runtime')), 'the gateway could read the prompt')
  },

  async 'large prompt'(bench) {
    const content = 'word '.repeat(60_000).trim()
    const answer = await bench.client().chat.completions.create({ ...request(), messages: [{ role: 'user', content }] })
    assert(answer.choices[0].message.content.endsWith(content), 'the answer lacks the prompt')
  },

  async abort(bench) {
    const events = []
    const cocoon = bench.client({ events })
    const controller = new AbortController()
    const stream = await cocoon.chat.completions.create(
      { ...request(), model: 'fault/stall-after-2', stream: true },
      { signal: controller.signal }
    )
    const reading = rejection(readAll(stream))
    setTimeout(() => controller.abort(), 20)
    const error = await reading
    assert(error.code === 'ERR_ABORTED', `expected an abort, got ${describe(error)}`)
    await cocoon.chat.completions.create(request())
    assert(events.filter((event) => event.type === 'connected').length === 1, 'the abort cost the connection')
  },

  async reconnect(bench) {
    const events = []
    const cocoon = bench.client({ events })
    const error = await rejection(
      cocoon.chat.completions.create({ ...request(), model: 'fault/cut-after-2', stream: true }).then(readAll)
    )
    assert(typeof error.code === 'string', `expected an error of the library, got ${describe(error)}`)
    await cocoon.chat.completions.create(request())
    assert(events.filter((event) => event.type === 'connected').length === 2, 'no second connection')
  },

  async 'proof of work'(bench) {
    bench.figures.powMegahashesPerSecond = await measurePow(bench, {})
  },

  // Where modules are deployed and not compiled; elsewhere the step before has done it.
  async [WITH_MODULE](bench) {
    bench.figures.powWithModule = await measurePow(bench, { solvePow: solvePowWith(bench.platform.powModule) })
  },

  // Where there are no workers, or none from blobs, this thread does it.
  async 'proof of work in a worker'(bench) {
    const models = await bench.client({ runtime: { solvePow: solvePowInWorker } }).models.list()
    assert(models.data.length > 0, 'no models')
  },

  async close(bench) {
    const cocoon = bench.client()
    await cocoon.models.list()
    await cocoon.close()
    const error = await rejection(cocoon.models.list())
    assert(error.code === 'ERR_CLOSED', `expected ERR_CLOSED, got ${describe(error)}`)
  }
}

/** Megahashes per second of a search that is aborted after a while, during which timers have to go on. */
async function measurePow(bench, runtime) {
  const controller = new AbortController()
  const progress = []
  let ticks = 0
  const ticking = setInterval(() => ticks++, 20)
  const onEvent = (event) => {
    if (event.type === 'pow-progress') progress.push(event)
  }
  const cocoon = bench.client({ description: bench.config.hard, maxPowDifficultyBits: 64, onEvent, runtime })
  const timer = setTimeout(() => controller.abort(), POW_MEASURED_MS)
  const started = Date.now()
  const error = await rejection(cocoon.models.list({ signal: controller.signal }))
  const elapsedMs = Date.now() - started
  clearInterval(ticking)
  clearTimeout(timer)
  assert(error.code === 'ERR_ABORTED', `expected an abort, got ${describe(error)}`)
  assert(elapsedMs < POW_MEASURED_MS * 3, `the abort took ${elapsedMs} ms`)
  assert(progress.length > 1, `${progress.length} progress events`)
  assert(ticks > 5, `a timer of 20 ms fired ${ticks} times in ${elapsedMs} ms`)
  return bestRate(progress) / 1e6
}

function request() {
  return { model: MODEL, messages: [{ role: 'user', content: PROMPT }] }
}

async function readAll(stream) {
  const chunks = []
  for await (const chunk of stream) chunks.push(chunk)
  return chunks
}

async function rejection(promise) {
  try {
    await promise
  } catch (error) {
    return error
  }
  throw new Error('it succeeded where it had to fail')
}

function withDeadline(work, name) {
  let timer
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${name} took longer than 40 s`)), 40_000)
  })
  return Promise.race([work, late]).finally(() => clearTimeout(timer))
}

function assert(condition, message) {
  if (!condition) throw new Error(message)
}

function describe(error) {
  return error?.code === undefined ? String(error?.message ?? error) : `${error.code}: ${error.message}`
}

/** Hashes per second between the two neighbouring events where it was highest. */
function bestRate(progress) {
  return Math.max(
    ...progress
      .slice(1)
      .map(({ hashes, ms }, index) => ((hashes - progress[index].hashes) / (ms - progress[index].ms)) * 1000)
  )
}
