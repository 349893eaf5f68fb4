/**
 * Options of the gateway transport.
 *
 * @module
 */

/** Headers for the gateway: a record, or a function asked before each request (for tokens that are renewed). */
export type GatewayHeaders =
  | Readonly<Record<string, string>>
  | (() => Readonly<Record<string, string>> | Promise<Readonly<Record<string, string>>>)

/** A gateway. A text alone is its `url`. */
export interface GatewayOptions {
  /**
   * Origin and prefix of the API, with or without `/v1` at its end: `https://gateway.example`. Plain `http:` only for
   * this machine. No user, query or fragment.
   */
  readonly url: string | URL
  /** Credentials of the user, e.g. `authorization`. They go to this origin only. Default: none; cookies are never sent. */
  readonly headers?: GatewayHeaders | undefined
  /** Default: the platform's. */
  readonly fetch?: typeof globalThis.fetch | undefined
}
