/**
 * Whom a relay serves and where it connects to: pure decisions over a request's address, origin and query.
 *
 * @module
 */
import { CocoonError } from '../errors.js'
import type { DialTarget } from '../runtime/ports/byte-stream.js'

/** Decides about one target. */
export type TargetDecision = (target: DialTarget) => boolean | Promise<boolean>

/** Limits and lists of a relay. */
export interface RelayPolicyOptions {
  /**
   * Where the relay may connect to: `host:port` texts that must match exactly, or a function. Required and without a default:
   * a relay that connects anywhere is an open proxy.
   */
  readonly targets: readonly string[] | TargetDecision
  /**
   * Origins whose pages may use the relay, e.g. `https://app.example`. Required; `'*'` allows every page, and clients
   * that send no origin (programs, not pages) are then served too.
   */
  readonly origins: readonly string[] | '*'
  /** Connections at once. Default 1000. */
  readonly maxConnections?: number | undefined
  /** Connections at once per client address. Default 20. */
  readonly maxConnectionsPerAddress?: number | undefined
}

/** What is known of a WebSocket upgrade request. */
export interface RelayRequest {
  /** Absolute URL, or path with query. */
  readonly url: string
  readonly origin: string | undefined
  readonly clientAddress: string
}

/** Serve it, or answer with an HTTP status. */
export type RelayDecision =
  | { readonly accepted: true; readonly target: DialTarget }
  | { readonly accepted: false; readonly status: 400 | 403 | 429 | 503; readonly reason: string }

/** Most characters of a target parameter. */
const TARGET_LIMIT = 255

/** Counts connections and decides about requests. One per relay. */
export class RelayPolicy {
  readonly #options: RelayPolicyOptions
  readonly #maxConnections: number
  readonly #maxConnectionsPerAddress: number
  readonly #perAddress = new Map<string, number>()
  #connections = 0

  /** @throws CocoonError `ERR_OPTIONS` when the lists are missing. */
  constructor(options: RelayPolicyOptions) {
    const { targets, origins } = options
    if (typeof targets !== 'function' && (!Array.isArray(targets) || targets.length === 0)) throw missing('targets')
    if (origins !== '*' && (!Array.isArray(origins) || origins.length === 0)) throw missing('origins')
    this.#options = options
    this.#maxConnections = options.maxConnections ?? 1000
    this.#maxConnectionsPerAddress = options.maxConnectionsPerAddress ?? 20
  }

  /** Connections that are open now. */
  get connections(): number {
    return this.#connections
  }

  /** Decides without counting. */
  async decide(request: RelayRequest): Promise<RelayDecision> {
    const { origins } = this.#options
    if (origins !== '*' && (request.origin === undefined || !origins.includes(request.origin))) {
      return { accepted: false, status: 403, reason: 'origin not allowed' }
    }
    const target = targetOf(request.url)
    if (target === undefined) return { accepted: false, status: 400, reason: 'target=host:port expected' }
    if (!(await this.#allows(target))) return { accepted: false, status: 403, reason: 'target not allowed' }
    if (this.#connections >= this.#maxConnections) return { accepted: false, status: 503, reason: 'relay is full' }
    if ((this.#perAddress.get(request.clientAddress) ?? 0) >= this.#maxConnectionsPerAddress) {
      return { accepted: false, status: 429, reason: 'too many connections' }
    }
    return { accepted: true, target }
  }

  /** Counts a connection; the result, called once, releases it. */
  enter(clientAddress: string): () => void {
    this.#connections++
    this.#perAddress.set(clientAddress, (this.#perAddress.get(clientAddress) ?? 0) + 1)
    let isInside = true
    return () => {
      if (!isInside) return
      isInside = false
      this.#connections--
      const left = (this.#perAddress.get(clientAddress) ?? 1) - 1
      if (left > 0) this.#perAddress.set(clientAddress, left)
      else this.#perAddress.delete(clientAddress)
    }
  }

  async #allows(target: DialTarget): Promise<boolean> {
    const { targets } = this.#options
    return typeof targets === 'function' ? targets(target) : targets.includes(formatTarget(target))
  }
}

/** `host:port`, or `[ipv6]:port`. */
export function formatTarget({ host, port }: DialTarget): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

/** The `target` parameter of a request URL; `undefined` when it is missing or malformed. */
export function targetOf(requestUrl: string): DialTarget | undefined {
  const base = 'ws://relay.invalid'
  const text = URL.canParse(requestUrl, base) ? new URL(requestUrl, base).searchParams.get('target') : null
  if (text === null || text.length > TARGET_LIMIT) return undefined
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([0-9a-zA-Z.-]+)):([1-9][0-9]{0,4})$/.exec(text)
  const host = match?.[1] ?? match?.[2]
  const port = Number(match?.[3])
  if (host === undefined || port > 65_535) return undefined
  return { host, port }
}

function missing(field: string): CocoonError {
  return new CocoonError('ERR_OPTIONS', `a relay needs a non-empty list of ${field}`, { phase: 'options', field })
}
