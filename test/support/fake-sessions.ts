/**
 * Sessions and connectors that tests drive by hand: no sockets, no TLS, no TL.
 *
 * @module
 */
import type { ConnectContext, ConnectProxy, ProxyConnection } from '../../src/client/network/index.js'
import type { ProxyAddress } from '../../src/client/network/index.js'
import { CocoonError } from '../../src/errors.js'
import type {
  CallBudget,
  InferenceAnswer,
  InferencePeer,
  InferenceRequest,
  WorkerType
} from '../../src/runtime/ports/inference.js'
import type { Verdict } from '../../src/runtime/ports/verdict.js'
import type { QueryContext, Session } from '../../src/wire/session/index.js'

/** A session that records queries and answers them as told. */
class FakeSession {
  readonly protocolVersion: number = 4
  readonly queries: InferenceRequest[] = []
  readonly closed: Promise<CocoonError>
  activeRequests = 0
  isClosed = false
  answer: (request: InferenceRequest, context: QueryContext) => Promise<InferenceAnswer> = (_request, { peer }) =>
    Promise.resolve(fakeAnswer(peer))
  workerTypes: () => Promise<readonly WorkerType[]> = () => Promise.resolve([])
  #resolveClosed!: (error: CocoonError) => void

  constructor() {
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve
    })
  }

  query(request: InferenceRequest, context: QueryContext): Promise<InferenceAnswer> {
    this.queries.push(request)
    return this.answer(request, context)
  }

  getWorkerTypes(): Promise<readonly WorkerType[]> {
    return this.workerTypes()
  }

  close(reason?: unknown): Promise<void> {
    this.end(CocoonError.from(reason ?? closedError(), 'ERR_CLOSED', { phase: 'close' }))
    return Promise.resolve()
  }

  /** The peer goes away. */
  end(error: CocoonError = lostError()): void {
    this.isClosed = true
    this.#resolveClosed(error)
  }
}

/** One dial that a test can see and settle. */
export interface FakeDial {
  readonly address: string
  readonly context: ConnectContext
  readonly session: FakeSession
  succeed(): void
  fail(error: CocoonError): void
}

/** A connector whose dials wait until the test settles them, or settle by a script. */
export class FakeConnector {
  readonly dials: FakeDial[] = []
  /** Decides at once when it returns something; else the dial waits. */
  script: (address: string, dialIndex: number) => 'ok' | CocoonError | undefined = () => undefined
  /** End of the verdicts, ISO 8601. */
  validUntil: string | null = null
  /** Given to every connection. */
  recheck: ProxyConnection['recheck']

  readonly connect: ConnectProxy = (address: ProxyAddress, context: ConnectContext) =>
    new Promise<ProxyConnection>((resolve, reject) => {
      const session = new FakeSession()
      const dial: FakeDial = {
        address: address.text,
        context,
        session,
        succeed: () =>
          resolve({
            session: session as unknown as Session,
            verdict: fakeVerdict(this.validUntil),
            recheck: this.recheck
          }),
        fail: reject
      }
      context.signal.addEventListener('abort', () => reject(context.signal.reason as CocoonError), { once: true })
      const index = this.dials.push(dial) - 1
      const outcome = this.script(address.text, index)
      if (outcome === 'ok') dial.succeed()
      else if (outcome !== undefined) dial.fail(outcome)
    })

  /** Dials of one address. */
  count(address?: string): number {
    return this.dials.filter((dial) => address === undefined || dial.address === address).length
  }

  /** The newest dial. */
  get last(): FakeDial {
    const dial = this.dials.at(-1)
    if (dial === undefined) throw new Error('nothing was dialled')
    return dial
  }
}

export function dialError(
  overrides: { retryable?: boolean; code?: 'ERR_DIAL' | 'ERR_TLS' | 'ERR_AUTHORIZATION' } = {}
): CocoonError {
  return new CocoonError(overrides.code ?? 'ERR_DIAL', 'test: no way', {
    phase: 'dial',
    retryable: overrides.retryable ?? true
  })
}

export function lostError(): CocoonError {
  return new CocoonError('ERR_CONNECTION_LOST', 'test: the peer went away', { phase: 'query', retryable: true })
}

function closedError(): CocoonError {
  return new CocoonError('ERR_CLOSED', 'test: closed', { phase: 'close' })
}

/** A verdict of no value. */
function fakeVerdict(validUntil: string | null): Verdict {
  return {
    accepted: true,
    verified: false,
    report: {
      schema: 'cocoonkit.attestation-report.v1',
      id: 'a'.repeat(64),
      verdict: 'verified',
      kind: 'fake',
      imageHash: null,
      tcbStatus: null,
      advisoryIds: [],
      evidenceSha256: 'b'.repeat(64),
      judgedAt: '2026-04-10T00:00:00.000Z',
      validUntil,
      refusedBy: [],
      checks: [],
      residuals: [],
      trust: ['test']
    }
  }
}

/** An answer with an empty body. */
export function fakeAnswer(peer: InferencePeer): InferenceAnswer {
  return {
    requestId: 'c'.repeat(64),
    peer,
    status: 200,
    headers: [],
    parts: (async function* () {})(),
    final: Promise.resolve({
      tokensUsed: undefined,
      workerDebug: undefined,
      proxyDebug: undefined,
      times: undefined,
      complete: true
    }),
    cancel: () => undefined
  }
}

/** A request of no value. */
export function fakeRequest(model = 'test-model'): InferenceRequest {
  return {
    model,
    path: '/v1/chat/completions',
    headers: [],
    body: new Uint8Array(),
    maxCoefficient: 4000,
    reservedTokens: 10_000,
    enableDebug: false
  }
}

/** A budget that a test ends by hand. */
export function fakeBudget(remainingMs = 60_000): CallBudget & { readonly controller: AbortController } {
  const controller = new AbortController()
  return { controller, signal: controller.signal, remainingMs: () => remainingMs }
}
