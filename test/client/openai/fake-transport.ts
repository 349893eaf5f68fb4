/**
 * A carrier that answers from a script and records what was asked.
 *
 * @module
 */
import type {
  CallBudget,
  InferenceAnswer,
  InferenceFinal,
  InferencePeer,
  InferenceRequest,
  InferenceTransport,
  WorkerType
} from '../../../src/runtime/ports/inference.js'
import { createOpenAISurface, type OpenAISurface, type OpenAISurfaceOptions } from '../../../src/client/openai/index.js'
import { FakeClock } from '../../support/fake-clock.js'
import { SeededRandom } from '../../support/seeded-random.js'

/** What the fake answers with. */
export interface Script {
  status?: number
  /** Parts in order; an Error is thrown in its place, a promise waited for. */
  parts?: Iterable<string | Uint8Array | Error | Promise<unknown>> | AsyncIterable<string | Uint8Array>
  final?: Partial<InferenceFinal>
  /** Thrown instead of answering, after `prepare`. */
  error?: Error
  peer?: Partial<InferencePeer>
  /** Never answers; rejects when the budget fires. */
  hang?: boolean
}

export const PEER: InferencePeer = {
  address: '127.0.0.1:5222',
  protocolVersion: 4,
  attestationId: 'ab'.repeat(32),
  verified: true
}
export const TOKENS = { prompt: 10n, cached: 0n, completion: 32n, reasoning: 0n, total: 42n }

export class FakeTransport implements InferenceTransport {
  readonly requests: InferenceRequest[] = []
  readonly budgets: CallBudget[] = []
  readonly cancelled: unknown[] = []
  types: WorkerType[] = []
  readonly #script: (request: InferenceRequest) => Script

  constructor(script: Script | ((request: InferenceRequest) => Script)) {
    this.#script = typeof script === 'function' ? script : () => script
  }

  async send(
    prepare: (peer: InferencePeer) => InferenceRequest | Promise<InferenceRequest>,
    budget: CallBudget
  ): Promise<InferenceAnswer> {
    const peek = this.#script({} as InferenceRequest)
    const peer = { ...PEER, ...peek.peer }
    const request = await prepare(peer)
    this.requests.push(request)
    this.budgets.push(budget)
    request.onSent?.('cd'.repeat(32))
    const script = this.#script(request)
    if (script.error) throw script.error
    if (script.hang) await rejection(budget.signal)
    return this.#answer(script, peer, budget)
  }

  #answer(script: Script, peer: InferencePeer, budget: CallBudget): InferenceAnswer {
    const { cancelled } = this
    let stopReason: { readonly reason: unknown } | undefined
    let rejectPending: (reason: unknown) => void = () => {}
    const stop = (reason: unknown): void => {
      stopReason ??= { reason }
      rejectPending(stopReason.reason)
    }
    budget.signal.addEventListener('abort', () => stop(budget.signal.reason))
    let finish: (final: InferenceFinal) => void = () => {}
    const final = new Promise<InferenceFinal>((resolve) => (finish = resolve))
    const done = (complete: boolean): void =>
      finish({
        tokensUsed: complete ? TOKENS : undefined,
        workerDebug: undefined,
        proxyDebug: undefined,
        times: undefined,
        complete,
        ...script.final
      })
    async function* parts(): AsyncGenerator<Uint8Array> {
      try {
        for await (const part of script.parts ?? []) {
          if (part instanceof Error) throw part
          yield typeof part === 'string' ? new TextEncoder().encode(part) : (part as Uint8Array)
        }
        done(true)
      } finally {
        done(false)
      }
    }
    const source = parts()
    return {
      requestId: 'cd'.repeat(32),
      peer,
      status: script.status ?? 200,
      headers: [['Content-Length', '7']],
      parts: {
        [Symbol.asyncIterator]: () => ({
          next: () =>
            new Promise((resolve, reject) => {
              rejectPending = reject
              if (stopReason !== undefined) reject(stopReason.reason)
              else source.next().then(resolve, reject)
            })
        })
      },
      final,
      cancel(reason) {
        cancelled.push(reason)
        stop(reason)
        done(false)
      }
    }
  }

  async listWorkerTypes(): Promise<{ readonly peer: InferencePeer; readonly types: readonly WorkerType[] }> {
    return { peer: PEER, types: this.types }
  }

  /** JSON of the n-th request's body. */
  body(index = 0): Record<string, unknown> {
    return JSON.parse(new TextDecoder().decode(this.requests[index]?.body)) as Record<string, unknown>
  }
}

function rejection(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason)
    signal.addEventListener('abort', () => reject(signal.reason))
  })
}

/** A surface over a fake. */
export function surfaceOver(
  script: Script | ((request: InferenceRequest) => Script),
  options: Partial<OpenAISurfaceOptions> = {}
): { surface: OpenAISurface; transport: FakeTransport; clock: FakeClock } {
  const transport = new FakeTransport(script)
  const clock = new FakeClock()
  return {
    surface: createOpenAISurface({ transport, clock, random: new SeededRandom(), ...options }),
    transport,
    clock
  }
}

/** A chunk's JSON text. */
export function chunk(content: string, extra = ''): string {
  return `{"id":"c1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":${JSON.stringify(content)}},"finish_reason":null}]${extra}}`
}

export const WHOLE =
  '{"z":1,"id":"c1","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"Hi!"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3,"total_cost":840},"__proto__":{"polluted":true}}\n'

export const CHAT = { model: 'm', messages: [{ role: 'user' as const, content: 'hello there, network' }] }

/** Text of every chunk's first choice. */
export async function contents(stream: AsyncIterable<unknown>): Promise<string[]> {
  const out: string[] = []
  for await (const each of stream) {
    const { choices } = each as { choices: { delta?: { content?: string } }[] }
    out.push(choices[0]?.delta?.content ?? '')
  }
  return out
}
