/**
 * A plain `node:net` socket as a {@link ByteStream}, so that the TLS tests do not depend on the runtime leaf.
 *
 * @module
 */
import { connect as connectSocket, type Socket } from 'node:net'
import { CocoonError } from '../../../../src/errors.js'
import type { ByteStream } from '../../../../src/runtime/ports/byte-stream.js'

/** Wraps a connected socket. @param chunkBytes - Cuts what is read into pieces of at most this size. */
export function socketStream(socket: Socket, chunkBytes = Infinity): ByteStream {
  socket.setNoDelay(true)
  const waiting: Uint8Array[] = []
  let waiter: (() => void) | undefined
  let ended = false
  let failure: Error | undefined
  const wake = (): void => {
    waiter?.()
    waiter = undefined
  }
  socket.on('data', (chunk: Buffer) => {
    waiting.push(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length))
    if (waiting.length > 4) socket.pause()
    wake()
  })
  socket.on('end', () => ((ended = true), wake()))
  socket.on('close', () => ((ended = true), wake()))
  socket.on('error', (error) => ((failure = error), wake()))
  return {
    async read() {
      for (;;) {
        const chunk = waiting.shift()
        if (chunk !== undefined) {
          socket.resume()
          if (chunk.length <= chunkBytes) return chunk
          waiting.unshift(chunk.subarray(chunkBytes))
          return chunk.subarray(0, chunkBytes)
        }
        if (failure !== undefined) {
          throw new CocoonError('ERR_CONNECTION_LOST', failure.message, { phase: 'dial', cause: failure })
        }
        if (ended) return null
        await new Promise<void>((resolve) => (waiter = resolve))
      }
    },
    write(bytes) {
      return new Promise((resolve, reject) => {
        const onWritten = (error?: Error | null): void => {
          if (error !== undefined && error !== null) reject(error)
        }
        if (socket.write(bytes, onWritten)) resolve()
        else socket.once('drain', resolve)
      })
    },
    async close(reason) {
      if (reason === undefined) socket.end()
      else socket.destroy()
      ended = true
      wake()
    }
  }
}

/** Connects to a local port. */
export function dialLocal(port: number, chunkBytes?: number): Promise<ByteStream> {
  return new Promise((resolve, reject) => {
    const socket = connectSocket({ port, host: '127.0.0.1' })
    socket.once('error', reject)
    socket.once('connect', () => {
      socket.off('error', reject)
      resolve(socketStream(socket, chunkBytes))
    })
  })
}
