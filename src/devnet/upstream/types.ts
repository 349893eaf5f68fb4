/**
 * The port between a devnet worker and whatever generates its answers.
 *
 * @module
 */

/** A request as a worker sends it to its inference server. */
export interface UpstreamRequest {
  readonly path: string
  readonly headers: ReadonlyArray<readonly [name: string, value: string]>
  /** The body after the worker's rewriting. */
  readonly body: Uint8Array
  /** The JSON body, or the text parts of a form, as plain values; numbers that were integers are `bigint`. */
  readonly json: Readonly<Record<string, unknown>>
  readonly stream: boolean
  /** Fires when the worker gives up. */
  readonly signal: AbortSignal
}

/** An HTTP answer. */
export interface UpstreamResponse {
  readonly status: number
  readonly reason: string
  readonly headers: ReadonlyArray<readonly [name: string, value: string]>
  /** Body chunks; `undefined` when there is no body by definition (204). */
  readonly body: AsyncIterable<Uint8Array> | undefined
}

/** Generates answers. Rejects when it cannot be reached. */
export type Upstream = (request: UpstreamRequest) => Promise<UpstreamResponse>

/** Waits; rejects with the signal's reason. */
export type Delay = (delayMs: number, signal: AbortSignal) => Promise<void>
