/**
 * A {@link ByteStream} as a Node `Duplex`, so that `node:tls` can run over any transport.
 *
 * @module
 */
import { Duplex } from 'node:stream'
import type { ByteStream } from '../ports/byte-stream.js'

/** Wraps a stream, which the duplex owns from now on. */
export function duplexOver(stream: ByteStream): Duplex {
  const duplex = new Duplex({
    read() {
      stream.read().then(
        (bytes) => void duplex.push(bytes),
        (error: Error) => void duplex.destroy(error)
      )
    },
    write(chunk: Uint8Array, _encoding, callback) {
      stream.write(chunk).then(() => callback(), callback)
    },
    final(callback) {
      stream.close().then(() => callback(), callback)
    },
    destroy(error, callback) {
      stream.close(error ?? undefined).then(
        () => callback(error),
        () => callback(error)
      )
    }
  })
  return duplex
}
