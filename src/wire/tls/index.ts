/**
 * A TLS 1.3 client for the network's profile (RFC 8446, wire.md §3.1) over any byte stream, on WebCrypto.
 *
 * Owns: the protocol and its limits. Refuses: everything outside the profile (other versions, resumption, early data,
 * server names, other kinds of certificates) and any opinion about the peer: that is the judge's.
 *
 * @module
 */
export { type AlertName, ALERTS, type TlsAlert, TlsError } from './alerts.js'
export type { CipherSuiteName } from './cipher-suites.js'
export { createPureTlsEngine, type PureTlsEngine, type PureTlsOptions } from './engine.js'
export type { GroupName } from './key-exchange.js'
export type { TlsEnding } from './message-reader.js'
export type { TlsInfo, TlsStream } from './tls-stream.js'
