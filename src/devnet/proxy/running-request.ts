/**
 * One request inside the proxy: refusals, reservation, dispatch to a worker, answers, charge, payment note. It runs to its
 * end even when the client has gone: the network has no cancel.
 *
 * Source: session.md §5, §7, §8, §12; pricing.md §4, §5, §7; v3.md §1.2.
 *
 * @module
 */
import { bytesToHex } from '../../encoding/index.js'
import { decodeTl, type TlObject, type TlValue } from '../../encoding/tl/index.js'
import type { NetworkKeyPair } from '../../envelope/index.js'
import { predictRefusal } from '../../payments/pricing/index.js'
import type { TokensUsed } from '../../runtime/ports/inference.js'
import type { AnswerControls, FaultScene } from '../faults/types.js'
import { raceSignal } from '../lifetime.js'
import type { MutableRequest } from '../log.js'
import {
  dumpJson,
  JsonFloat,
  ZERO_TOKENS,
  type DevnetWorker,
  type WorkerFinal,
  type WorkerStep
} from '../worker/index.js'
import type { ProxyAccount } from './account.js'
import { errorAnswer, headAnswer, partAnswer, type AnswerForm, type FinalFacts } from './answers.js'
import type { ClientConnection } from './connection.js'
import type { ProxyCore } from './settings.js'

/** Either request function. */
export type RunQuery = TlValue<'client.runQuery'> | TlValue<'client.runQueryEx'>

/** The proxy's alarm. */
class ProxyTimeout extends Error {}

const EMPTY = new Uint8Array(0)
/** Counters that no honest proxy has. */
const ODD: Readonly<Record<'negative' | 'huge', bigint>> = { negative: -5n, huge: 0x7fffffffffffffffn }

function networkKey(query: RunQuery): Uint8Array | undefined {
  const key = query.type === 'client.runQueryEx' ? query.publicKey : undefined
  return key === undefined || key.every((byte) => byte === 0) ? undefined : key
}

function parseRequest(query: Uint8Array): TlValue<'http.request'> | undefined {
  try {
    const object = decodeTl(query)
    return object.type === 'http.request' ? object : undefined
  } catch {
    return undefined
  }
}

/** Runs one request. */
export class RunningRequest {
  readonly #proxy: ProxyCore
  readonly #connection: ClientConnection
  readonly #account: ProxyAccount
  readonly #query: RunQuery
  readonly #http: TlValue<'http.request'> | undefined
  readonly #startSeconds: number
  #networkKey: NetworkKeyPair | undefined
  readonly #controls: AnswerControls = {
    silent: false,
    legacyErrors: false,
    times: undefined,
    payment: 'signed',
    counters: 'true'
  }
  readonly #baseForm: AnswerForm
  readonly #entry: MutableRequest
  #headSent = false
  #finished = false
  #receiveStart = 0
  #charged: TokensUsed = ZERO_TOKENS

  constructor(
    proxy: ProxyCore,
    connection: ClientConnection,
    account: ProxyAccount,
    query: RunQuery,
    protocolVersion: number
  ) {
    this.#proxy = proxy
    this.#connection = connection
    this.#account = account
    this.#query = query
    this.#startSeconds = this.#seconds()
    this.#http = parseRequest(query.query)
    this.#baseForm = { version: proxy.settings.version, protocolVersion, requestId: query.requestId }
    this.#entry = this.#logEntry(protocolVersion)
    proxy.settings.log.addRequest(this.#entry)
  }

  get #form(): AnswerForm {
    return { ...this.#baseForm, legacyErrors: this.#controls.legacyErrors }
  }

  #seconds(): number {
    return this.#proxy.settings.now() / 1000
  }

  #logEntry(protocolVersion: number): MutableRequest {
    const query = this.#query
    const body = this.#http?.payload ?? EMPTY
    return {
      proxy: this.#proxy.settings.index,
      connectionId: this.#connection.settings.entry.id,
      requestId: bytesToHex(query.requestId),
      receivedAtUnixMs: this.#proxy.settings.now(),
      owner: this.#connection.settings.entry.owner ?? '',
      model: query.modelName,
      protocolVersion,
      maxCoefficient: query.maxCoefficient,
      maxTokens: query.maxTokens,
      timeoutSeconds: query.timeout,
      minConfigVersion: query.minConfigVersion,
      enableDebug: this.#debug,
      publicKey: networkKey(query),
      query: query.query,
      method: this.#http?.method ?? '',
      path: this.#http?.url ?? '',
      headers: (this.#http?.headers ?? []).map(({ name, value }) => [name, value] as const),
      body,
      bodyText: new TextDecoder().decode(body),
      coefficient: undefined,
      state: 'running',
      error: undefined,
      messagesSent: 0,
      tokensCharged: 0n
    }
  }

  get #debug(): boolean {
    return this.#query.type === 'client.runQueryEx' && this.#query.enableDebug === true
  }

  #send(object: TlObject): void {
    if (this.#controls.silent) return
    this.#entry.messagesSent++
    this.#connection.sendPacket(object)
  }

  /** Facts for the last message; `worker` is absent when the proxy speaks for itself. */
  #facts(worker: WorkerFinal | undefined, before: boolean): FinalFacts {
    const now = this.#seconds()
    const times =
      this.#controls.times === undefined
        ? {
            proxyStart: this.#startSeconds,
            proxyEnd: before ? this.#startSeconds : now,
            workerStart: worker?.startSeconds ?? this.#startSeconds,
            workerEnd: worker?.endSeconds ?? this.#startSeconds
          }
        : {
            proxyStart: this.#controls.times,
            proxyEnd: this.#controls.times,
            workerStart: this.#controls.times,
            workerEnd: this.#controls.times
          }
    const proxyDebug = dumpJson(
      Object.assign(Object.create(null), {
        type: 'proxy_stats',
        start_time: new JsonFloat(this.#startSeconds),
        answer_receive_start_at: new JsonFloat(this.#receiveStart),
        answer_receive_end_at: new JsonFloat(now)
      })
    )
    const odd = this.#controls.counters
    const tokensUsed =
      odd === 'true'
        ? this.#charged
        : { prompt: ODD[odd], cached: ODD[odd], completion: ODD[odd], reasoning: ODD[odd], total: ODD[odd] }
    return { tokensUsed, times, debug: this.#debug ? { worker: worker?.debug ?? '', proxy: proxyDebug } : undefined }
  }

  #fail(code: number, text: string, origin: 'worker' | 'proxy', worker?: WorkerFinal, before = false): void {
    this.#finished = true
    this.#entry.error = { code, text }
    this.#send(errorAnswer(this.#form, { code, text }, this.#facts(worker, before), origin, this.#headSent))
  }

  /** Refusal before dispatch, or `undefined`. */
  #refusal(): { readonly code: number; readonly text: string } | undefined {
    const { settings } = this.#proxy
    const query = this.#query
    const refusal = predictRefusal({
      account: this.#account.figures,
      pricePerTokenNano: settings.prices.pricePerTokenNano,
      clientState: this.#account.state,
      proxyEnabled: this.#proxy.enabled,
      activeConfigVersion: settings.configVersion(),
      minConfigVersion: query.minConfigVersion,
      maxTokens: query.maxTokens,
      queryBytes: query.query.length,
      maxCoefficient: query.maxCoefficient,
      model: query.modelName,
      workers:
        settings.faultWorker(query.modelName) === undefined
          ? this.#proxy.market.offers(query.modelName)
          : [{ coefficient: 0, enabled: true, activeRequests: 0, maxActiveRequests: 1 }]
    })
    const key = networkKey(query)
    const early =
      refusal?.kind === 'balance-below-max-tokens' ||
      refusal?.kind === 'config-version-too-low' ||
      refusal?.kind === 'client-closing'
    if (key !== undefined && !early) {
      this.#networkKey = settings.findKey(key)
      if (this.#networkKey === undefined)
        return { code: 602, text: `unknown public key ${bytesToHex(key).toUpperCase()}` }
      // Workers of December 2025 speak protocol 2, and get no encrypted requests.
      if (refusal === undefined && this.#worker()?.settings.rules === 'dec-2025')
        return { code: 651, text: `no ready workers for model${query.modelName}` }
    }
    return refusal
  }

  /** Runs to the end. Never rejects. */
  async run(): Promise<void> {
    const { settings } = this.#proxy
    const { log } = settings
    const refusal = this.#refusal()
    const worker = refusal === undefined ? this.#worker() : undefined
    if (refusal !== undefined || worker === undefined) {
      this.#entry.state = 'refused'
      log.totals.refused++
      const { code, text } = refusal ?? { code: 602, text: 'connection is dead' }
      return this.#fail(code, text, 'proxy', undefined, true)
    }
    log.totals.dispatched++
    this.#entry.coefficient = worker.coefficient
    const reserved = this.#account.reserve(this.#query.maxTokens, this.#query.query.length, this.#query.maxCoefficient)
    const endLoad = this.#proxy.market.begin(worker)
    try {
      await this.#dispatch(worker, reserved)
    } finally {
      endLoad()
      this.#account.settle(reserved, this.#charged.total)
      this.#entry.tokensCharged = this.#charged.total
      this.#entry.state = this.#entry.error === undefined ? 'complete' : 'error'
      log.totals[this.#entry.error === undefined ? 'completed' : 'failed']++
      log.totals.tokensCharged += this.#charged.total
      if (!settings.lifetime.closed) this.#pay()
    }
  }

  #worker(): DevnetWorker | undefined {
    const { modelName, maxCoefficient } = this.#query
    return this.#proxy.settings.faultWorker(modelName) ?? this.#proxy.market.choose(modelName, maxCoefficient)
  }

  async #dispatch(worker: DevnetWorker, reserved: bigint): Promise<void> {
    const http = this.#http
    if (http === undefined) return this.#fail(0, 'proxy: received incorrect answer: Wrong constructor found', 'proxy')
    const { lifetime } = this.#proxy.settings
    const alarm = new AbortController()
    const timeoutSeconds = this.#query.timeout
    if (!(timeoutSeconds > 0)) return this.#fail(652, 'timeout in proxy', 'proxy')
    const releases = [
      lifetime.setTimer(() => alarm.abort(new ProxyTimeout('timeout in proxy')), timeoutSeconds * 1000),
      lifetime.onClose(() => alarm.abort(new Error('devnet closed')))
    ]
    const scene = this.#scene(alarm.signal)
    const plan = this.#proxy.settings.planFault(this.#query.modelName, worker)
    const served = plan?.worker ?? worker
    const answer = served.answer({
      http,
      timeoutSeconds,
      enableDebug: this.#debug,
      signal: alarm.signal,
      networkKey: this.#networkKey
    })
    const steps = plan?.apply === undefined ? answer : plan.apply(answer, scene)
    const iterator = steps[Symbol.asyncIterator]()
    try {
      while (!this.#finished) {
        const next = await raceSignal(iterator.next(), alarm.signal)
        if (next.done === true) break
        this.#step(next.value, reserved)
        await raceSignal(this.#connection.drained(), alarm.signal)
      }
      // Faults may have something to say after the end.
      if (plan?.apply !== undefined) await raceSignal(iterator.next(), alarm.signal)
    } catch (error) {
      if (error instanceof ProxyTimeout) {
        if (!this.#finished) this.#fail(652, 'timeout in proxy', 'proxy')
      } else if (!lifetime.closed) throw error
    } finally {
      for (const release of releases) release()
      alarm.abort(new Error('finished'))
      iterator.return?.(undefined)?.catch(() => undefined)
    }
  }

  #scene(signal: AbortSignal): Omit<FaultScene, 'argument'> {
    return {
      wire: this.#connection,
      form: this.#baseForm,
      controls: this.#controls,
      packet: (object) => this.#connection.sendPacket(object),
      delay: (delayMs) => this.#proxy.settings.lifetime.delay(delayMs, signal),
      drained: () => raceSignal(this.#connection.drained(), signal)
    }
  }

  #step(step: WorkerStep, reserved: bigint): void {
    switch (step.kind) {
      case 'head': {
        this.#receiveStart = this.#seconds()
        const response = {
          ...step.response,
          headers: [
            ...step.response.headers,
            { name: 'X-Cocoon-Proxy-Start', value: this.#startSeconds.toFixed(6) },
            { name: 'X-Cocoon-Proxy-End', value: this.#receiveStart.toFixed(6) }
          ]
        }
        if (step.final !== undefined)
          return this.#complete(step.final, (facts) => headAnswer(this.#form, response, facts))
        this.#send(headAnswer(this.#form, response))
        this.#headSent = true
        return
      }
      case 'part':
        if (reserved < 0n)
          return this.#fail(602, `reserved_tokens depleted: reserved_tokens=${reserved} used=0+0`, 'proxy')
        this.#send(partAnswer(this.#form, step.bytes))
        return
      case 'final':
        return this.#complete(step.final, (facts) => partAnswer(this.#form, step.bytes, facts))
      case 'error':
        return this.#fail(step.code, step.text, 'worker', step.final)
    }
  }

  #complete(final: WorkerFinal, message: (facts: FinalFacts) => TlObject): void {
    this.#charged = final.tokensUsed
    this.#send(message(this.#facts(final, false)))
    this.#finished = true
  }

  /** The payment note that follows every dispatched request. */
  #pay(): void {
    const { payment, counters } = this.#controls
    if (payment === 'none') return
    const odd = counters === 'true' ? undefined : ODD[counters]
    this.#send({
      type: 'proxy.clientRequestPayment',
      requestId: this.#query.requestId,
      signedPayment: this.#signedPayment(payment),
      dbTokens: odd ?? this.#account.databaseTokens,
      maxTokens: odd ?? this.#account.tokensUsed,
      requestTokens: odd ?? this.#charged.total
    })
  }

  #signedPayment(
    payment: Exclude<AnswerControls['payment'], 'none'>
  ): TlValue<'proxy.signedPayment' | 'proxy.signedPaymentEmpty'> {
    const { seed } = this.#proxy.settings.identity
    switch (payment) {
      case 'signed':
        return this.#account.signedPayment()
      case 'empty':
        return { type: 'proxy.signedPaymentEmpty' }
      case 'forged-key':
        return {
          type: 'proxy.signedPayment',
          data: this.#account.sign(this.#account.tokensUsed, new Uint8Array(32).fill(66))
        }
      case 'forged-amount':
        return {
          type: 'proxy.signedPayment',
          data: this.#account.sign(this.#account.tokensUsed + 1_000_000_000n, seed)
        }
      case 'garbage':
        return { type: 'proxy.signedPayment', data: Uint8Array.of(0xb5, 0xee, 0x9c, 0x72, 0xff) }
    }
  }
}
