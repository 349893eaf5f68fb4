/**
 * What a devnet saw: requests, connections, totals. For tests that count queries or look for plaintext.
 *
 * @module
 */

/** One runQuery or runQueryEx that reached a proxy on an authorised connection. */
export interface DevnetRequest {
  /** Index of the proxy. */
  readonly proxy: number
  readonly connectionId: number
  /** Hex of the 32-byte id. */
  readonly requestId: string
  readonly receivedAtUnixMs: number
  readonly owner: string
  readonly model: string
  readonly protocolVersion: number
  readonly maxCoefficient: number
  readonly maxTokens: number
  readonly timeoutSeconds: number
  readonly minConfigVersion: number
  readonly enableDebug: boolean
  /** Network key of an encrypted request; absent when none or all zero. */
  readonly publicKey: Uint8Array | undefined
  /** The boxed http.request exactly as received. */
  readonly query: Uint8Array
  /** Fields of the http.request; empty when it did not parse. */
  readonly method: string
  readonly path: string
  readonly headers: ReadonlyArray<readonly [name: string, value: string]>
  readonly body: Uint8Array
  /** `body` as text, invalid UTF-8 replaced. */
  readonly bodyText: string
  /** Coefficient of the worker that served it; `undefined` when it was refused. */
  readonly coefficient: number | undefined
  readonly state: 'running' | 'refused' | 'complete' | 'error'
  /** The error it was answered with. */
  readonly error: { readonly code: number; readonly text: string } | undefined
  /** Messages sent for it: head, parts, error. */
  readonly messagesSent: number
  /** Adjusted tokens charged. */
  readonly tokensCharged: bigint
}

/** A request while it is being written. */
export type MutableRequest = { -readonly [Key in keyof DevnetRequest]: DevnetRequest[Key] }

/** One TCP connection. */
export interface DevnetConnection {
  readonly id: number
  readonly proxy: number
  readonly openedAtUnixMs: number
  readonly powSolved: boolean
  readonly tlsEstablished: boolean
  /** Frames received, complete ones. */
  readonly framesReceived: number
  readonly framesSent: number
  /** Raw bytes received after the TLS handshake. */
  readonly bytesReceived: number
  /** Pings and pongs received from the client. */
  readonly pingsReceived: number
  readonly pongsReceived: number
  /** Constructors of the frames' contents in order, both directions, e.g. `c2s client.connectToProxy`. */
  readonly conversation: readonly string[]
  readonly protocolVersion: number | undefined
  readonly owner: string | undefined
  readonly authorized: boolean
  readonly closed: boolean
  /** Why the devnet closed it; `peer` when the client did. */
  readonly closeReason: string | undefined
}

/** A connection while it is being written. */
export type MutableConnection = {
  -readonly [Key in keyof Omit<DevnetConnection, 'conversation'>]: DevnetConnection[Key]
} & {
  readonly conversation: string[]
}

/** Totals since the start. */
export interface DevnetStats {
  readonly connections: number
  readonly openConnections: number
  readonly powSolved: number
  readonly tlsEstablished: number
  readonly handshakes: number
  readonly authorizations: number
  /** runQuery and runQueryEx on authorised connections. */
  readonly queries: number
  readonly dispatched: number
  readonly refused: number
  readonly completed: number
  readonly failed: number
  /** Adjusted tokens charged, all accounts and proxies. */
  readonly tokensCharged: bigint
}

/** Newest entries that are kept. */
const KEPT = 10_000
/** Constructors kept per connection. */
const KEPT_CONVERSATION = 2000

/** Collects. */
export class DevnetLog {
  readonly requests: MutableRequest[] = []
  readonly connections: MutableConnection[] = []
  readonly totals: { -readonly [Key in keyof DevnetStats]: DevnetStats[Key] } = {
    connections: 0,
    openConnections: 0,
    powSolved: 0,
    tlsEstablished: 0,
    handshakes: 0,
    authorizations: 0,
    queries: 0,
    dispatched: 0,
    refused: 0,
    completed: 0,
    failed: 0,
    tokensCharged: 0n
  }

  addRequest(request: MutableRequest): void {
    this.totals.queries++
    this.requests.push(request)
    if (this.requests.length > KEPT) this.requests.shift()
  }

  openConnection(proxy: number, nowMs: number): MutableConnection {
    const connection: MutableConnection = {
      id: ++this.totals.connections,
      proxy,
      openedAtUnixMs: nowMs,
      powSolved: false,
      tlsEstablished: false,
      framesReceived: 0,
      framesSent: 0,
      bytesReceived: 0,
      pingsReceived: 0,
      pongsReceived: 0,
      conversation: [],
      protocolVersion: undefined,
      owner: undefined,
      authorized: false,
      closed: false,
      closeReason: undefined
    }
    this.totals.openConnections++
    this.connections.push(connection)
    if (this.connections.length > KEPT) this.connections.shift()
    return connection
  }

  closeConnection(connection: MutableConnection, reason: string): void {
    if (connection.closed) return
    connection.closed = true
    connection.closeReason = reason
    this.totals.openConnections--
  }

  /** Notes one object of a conversation. */
  note(connection: MutableConnection, line: string): void {
    if (connection.conversation.length < KEPT_CONVERSATION) connection.conversation.push(line)
  }
}
