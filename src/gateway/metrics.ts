/**
 * Figures of a gateway: as Prometheus text, and to a meter in OpenTelemetry's shape when one is given. Labels are closed
 * sets: neither users nor models, which strangers could multiply.
 *
 * @module
 */
import type { GatewayEvent } from './events.js'

type Attributes = Record<string, string>

/** The part of OpenTelemetry's `Meter` that is used. */
export interface GatewayMeter {
  createCounter(
    name: string,
    options?: { description?: string; unit?: string }
  ): { add(value: number, attributes?: Attributes): void }
  createUpDownCounter(
    name: string,
    options?: { description?: string; unit?: string }
  ): { add(value: number, attributes?: Attributes): void }
  createHistogram(
    name: string,
    options?: { description?: string; unit?: string }
  ): { record(value: number, attributes?: Attributes): void }
}

const DURATION_BUCKETS_SECONDS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120]

const COUNTERS = {
  cocoon_gateway_requests_total: 'Finished requests.',
  cocoon_gateway_refused_total: 'Requests turned away before the network.',
  cocoon_gateway_tokens_total: 'Adjusted tokens that the network reported.',
  cocoon_gateway_spent_nanotons_total: 'Charged to budgets.',
  cocoon_gateway_bytes_in_total: 'Bytes of accepted request bodies.',
  cocoon_gateway_bytes_out_total: 'Bytes of answers taken by callers.'
} as const
type CounterName = keyof typeof COUNTERS

/** Collects events. */
export class GatewayMetrics {
  readonly #counters = new Map<CounterName, Map<string, number>>()
  readonly #buckets: number[] = DURATION_BUCKETS_SECONDS.map(() => 0)
  readonly #meter: ReturnType<typeof openMeter> | undefined
  #durationSum = 0
  #durationCount = 0
  #active = 0

  constructor(meter?: GatewayMeter) {
    this.#meter = meter === undefined ? undefined : openMeter(meter)
  }

  /** Takes one event. */
  observe(event: GatewayEvent): void {
    if (event.type === 'refused')
      this.#add('cocoon_gateway_refused_total', 1, { status: String(event.status), code: event.code })
    else if (event.type === 'accepted') {
      this.#active++
      this.#meter?.active.add(1)
      this.#add('cocoon_gateway_bytes_in_total', event.bytesIn)
    } else if (event.type === 'finished') this.#finish(event)
  }

  #finish(event: GatewayEvent & { readonly type: 'finished' }): void {
    this.#active--
    this.#meter?.active.add(-1)
    const attributes = {
      path: event.path,
      status: String(event.status),
      outcome: event.outcome,
      encrypted: String(event.isEncrypted)
    }
    this.#add('cocoon_gateway_requests_total', 1, attributes)
    this.#add('cocoon_gateway_bytes_out_total', event.bytesOut)
    this.#add('cocoon_gateway_spent_nanotons_total', Number(event.spentNano), { source: event.spentSource })
    const tokens = event.tokensUsed
    if (tokens !== undefined)
      for (const kind of ['prompt', 'cached', 'completion', 'reasoning'] as const)
        this.#add('cocoon_gateway_tokens_total', Number(tokens[kind]), { kind })
    const seconds = event.durationMs / 1000
    this.#durationSum += seconds
    this.#durationCount++
    DURATION_BUCKETS_SECONDS.forEach((bound, index) => {
      if (seconds <= bound) this.#buckets[index] = (this.#buckets[index] as number) + 1
    })
    this.#meter?.duration.record(seconds, attributes)
  }

  #add(name: CounterName, value: number, attributes: Attributes = {}): void {
    const labels = Object.entries(attributes)
      .map(([key, text]) => `${key}="${text.replace(/[\\"\n]/g, '_')}"`)
      .join(',')
    let series = this.#counters.get(name)
    if (series === undefined) this.#counters.set(name, (series = new Map()))
    series.set(labels, (series.get(labels) ?? 0) + value)
    this.#meter?.counters[name].add(value, attributes)
  }

  /** Prometheus' text format, version 0.0.4. */
  toPrometheusText(): string {
    const lines: string[] = []
    for (const [name, help] of Object.entries(COUNTERS)) {
      lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} counter`)
      for (const [labels, value] of this.#counters.get(name as CounterName) ?? [['', 0]])
        lines.push(`${name}${labels === '' ? '' : `{${labels}}`} ${value}`)
    }
    lines.push(
      '# HELP cocoon_gateway_active_requests Requests that run now.',
      '# TYPE cocoon_gateway_active_requests gauge'
    )
    lines.push(`cocoon_gateway_active_requests ${this.#active}`)
    const histogram = 'cocoon_gateway_request_duration_seconds'
    lines.push(`# HELP ${histogram} From the request to the last byte.`, `# TYPE ${histogram} histogram`)
    DURATION_BUCKETS_SECONDS.forEach((bound, index) =>
      lines.push(`${histogram}_bucket{le="${bound}"} ${this.#buckets[index]}`)
    )
    lines.push(`${histogram}_bucket{le="+Inf"} ${this.#durationCount}`)
    lines.push(`${histogram}_sum ${this.#durationSum}`, `${histogram}_count ${this.#durationCount}`)
    return `${lines.join('\n')}\n`
  }
}

function openMeter(meter: GatewayMeter): {
  readonly counters: Record<CounterName, ReturnType<GatewayMeter['createCounter']>>
  readonly active: ReturnType<GatewayMeter['createUpDownCounter']>
  readonly duration: ReturnType<GatewayMeter['createHistogram']>
} {
  const counters = Object.entries(COUNTERS).map(([name, description]) => [
    name,
    meter.createCounter(name, { description })
  ])
  return {
    counters: Object.fromEntries(counters) as Record<CounterName, ReturnType<GatewayMeter['createCounter']>>,
    active: meter.createUpDownCounter('cocoon_gateway_active_requests', { description: 'Requests that run now.' }),
    duration: meter.createHistogram('cocoon_gateway_request_duration_seconds', { unit: 's' })
  }
}
