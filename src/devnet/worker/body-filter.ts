/**
 * The three ways in which workers pass an answer body on, as incremental filters over the upstream's bytes.
 *
 * dec-2025: JSON values re-serialised, everything else held back until the end and then sent unchanged.
 * apr-2026: JSON values re-serialised, everything else dropped (an SSE stream becomes an empty body).
 * event-by-event: as apr-2026, and `data:` events one by one.
 * Source: v3.md §4, session.md §7.3.
 *
 * @module
 */
import type { RawTokenCounts, TokenPrices } from '../../payments/pricing/index.js'
import { countTokens, NO_TOKENS, priceTokens, usageCosts } from '../../payments/pricing/index.js'
import type { TokensUsed } from '../../runtime/ports/inference.js'
import { dumpJson, isJsonObject, JsonValueScanner, parseJson, type JsonValue } from './json.js'

/** Which worker program answers. */
export type WorkerBehaviour = 'dec-2025' | 'apr-2026' | 'event-by-event'

/** What one upstream chunk or the end of the body becomes. */
export interface BodyFilter {
  /** @returns Bytes to pass on now; may be empty. */
  push(chunk: Uint8Array): Uint8Array
  /** @returns What is left at the end of the body; may be empty. */
  end(): Uint8Array
  readonly tokensUsed: TokensUsed
}

const encoder = new TextEncoder()
const decoder = new TextDecoder()
const NOTHING = new Uint8Array(0)

function join(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1 && parts[0] !== undefined) return parts[0]
  const joined = new Uint8Array(parts.reduce((total, part) => total + part.length, 0))
  let at = 0
  for (const part of parts) {
    joined.set(part, at)
    at += part.length
  }
  return joined
}

/** Counts and prices; writes cost fields into values that raised a counter. */
class Meter {
  readonly #coefficient: number
  readonly #prices: TokenPrices
  #counts: RawTokenCounts = NO_TOKENS

  constructor(coefficient: number, prices: TokenPrices) {
    this.#coefficient = coefficient
    this.#prices = prices
  }

  get tokensUsed(): TokensUsed {
    return priceTokens(this.#counts, this.#coefficient, this.#prices.multipliers)
  }

  /** Text of a value, with cost fields where they are due. */
  rewrite(value: JsonValue): string {
    const counts = countTokens(this.#counts, value)
    if (counts !== this.#counts && isJsonObject(value) && isJsonObject(value['usage'])) {
      this.#counts = counts
      const costs = usageCosts(this.tokensUsed, this.#prices.pricePerTokenNano)
      value['usage']['prompt_total_cost'] = costs.promptNano
      value['usage']['completion_total_cost'] = costs.completionNano
      value['usage']['total_cost'] = costs.totalNano
    }
    return dumpJson(value)
  }
}

/** First non-blank byte from `from`, or -1. */
function firstNonBlank(bytes: Uint8Array, from: number): number {
  for (let at = from; at < bytes.length; at++) {
    const byte = bytes[at]
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return at
  }
  return -1
}

function startsLikeJson(byte: number | undefined): boolean {
  return (
    byte === 0x7b ||
    byte === 0x5b ||
    byte === 0x22 ||
    byte === 0x2d ||
    (byte !== undefined && byte >= 0x30 && byte <= 0x39)
  )
}

class Filter implements BodyFilter {
  readonly #behaviour: WorkerBehaviour
  readonly #meter: Meter
  /** Bytes not passed on yet; `#scanned` of them were looked at by the scanner. */
  #held: Uint8Array = NOTHING
  #scanned = 0
  #scanner = new JsonValueScanner()
  /** After a piece that does not parse nothing more is looked at until the end. */
  #stopped = false
  #late: Uint8Array[] = []

  constructor(behaviour: WorkerBehaviour, meter: Meter) {
    this.#behaviour = behaviour
    this.#meter = meter
  }

  get tokensUsed(): TokensUsed {
    return this.#meter.tokensUsed
  }

  push(chunk: Uint8Array): Uint8Array {
    if (this.#stopped) {
      this.#late.push(chunk)
      return NOTHING
    }
    this.#held = this.#held.length === 0 ? chunk : join([this.#held, chunk])
    let out = ''
    for (;;) {
      const text = this.#next()
      if (text === undefined) break
      out += text
    }
    return out === '' ? NOTHING : encoder.encode(out)
  }

  end(): Uint8Array {
    const rest = join([this.#held, ...this.#late])
    this.#held = NOTHING
    this.#late = []
    const at = firstNonBlank(rest, 0)
    if (this.#behaviour === 'dec-2025') return rest
    // CRLF streams and other unparsable `data:` text come out raw, at the end and uncounted.
    if (this.#behaviour === 'event-by-event' && rest[at] === 0x64) return rest
    // A bare number or literal has no end of its own.
    const value = at < 0 ? undefined : parseJson(decoder.decode(rest))
    return value === undefined ? NOTHING : encoder.encode(`${this.#meter.rewrite(value)}\n`)
  }

  /** Text of the next complete value or event, or `undefined` when there is none yet. */
  #next(): string | undefined {
    const start = firstNonBlank(this.#held, 0)
    if (start < 0) return undefined
    const first = this.#held[start]
    if (this.#behaviour === 'event-by-event' && first === 0x64) return this.#nextEvent(start)
    if (!startsLikeJson(first) && first !== 0x74 && first !== 0x66 && first !== 0x6e) return this.#stop()
    const end = this.#scanner.scan(this.#held, Math.max(start, this.#scanned))
    if (end === undefined) {
      this.#scanned = this.#held.length
      return undefined
    }
    const value = parseJson(decoder.decode(this.#held.subarray(start, end)))
    if (value === undefined) return this.#stop()
    this.#consume(end)
    return `${this.#meter.rewrite(value)}\n`
  }

  #nextEvent(start: number): string | undefined {
    let end = Math.max(start, this.#scanned - 1)
    while (end + 1 < this.#held.length && !(this.#held[end] === 0x0a && this.#held[end + 1] === 0x0a)) end++
    if (end + 1 >= this.#held.length) {
      this.#scanned = this.#held.length
      return undefined
    }
    const event = decoder.decode(this.#held.subarray(start, end))
    if (event.includes('\n') || event.includes('\r') || !event.startsWith('data:')) return this.#stop()
    this.#consume(end + 2)
    const payload = event.slice('data:'.length).trim()
    const value = parseJson(payload)
    return `data: ${value === undefined ? payload : this.#meter.rewrite(value)}\n\n`
  }

  #consume(end: number): void {
    this.#held = this.#held.subarray(end)
    this.#scanned = 0
    this.#scanner = new JsonValueScanner()
  }

  #stop(): undefined {
    this.#stopped = true
    return undefined
  }
}

/** A filter for one answer of a worker with this coefficient (1/1000). */
export function createBodyFilter(behaviour: WorkerBehaviour, coefficient: number, prices: TokenPrices): BodyFilter {
  return new Filter(behaviour, new Meter(coefficient, prices))
}
