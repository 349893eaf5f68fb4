/**
 * The handshake transcript, RFC 8446 §4.4.1.
 *
 * WebCrypto has no incremental hash, so messages are kept (at most the handshake's limit) and hashed anew at the few
 * points that need it; the object is dropped when the handshake ends.
 *
 * @module
 */
import { concatBytes } from '../../encoding/index.js'
import { type CipherSuite, digest } from './cipher-suites.js'
import { overlap } from './overlap.js'

/** Collects handshake messages with their headers. */
export class Transcript {
  #messages: Uint8Array = new Uint8Array(0)

  /** Appends one message, header included. */
  add(message: Uint8Array): void {
    this.#messages = concatBytes(this.#messages, message)
  }

  /** Hash of everything so far; what is added later does not change it. */
  hash(suite: CipherSuite): Promise<Uint8Array> {
    return overlap(digest(suite, this.#messages))
  }
}
