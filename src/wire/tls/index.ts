/**
 * A TLS 1.3 client for the network's profile (RFC 8446, wire.md §3.1) over any byte stream, on WebCrypto.
 *
 * Owns: the protocol and its limits. Refuses: everything outside the profile (other versions, resumption, early data,
 * server names, other kinds of certificates) and any opinion about the peer: that is the judge's.
 *
 * @module
 */
export { type AlertName, TlsError } from './alerts.js'
export { createPureTlsEngine, type PureTlsOptions } from './engine.js'
export type { TlsStream } from './tls-stream.js'
