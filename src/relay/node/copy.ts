/**
 * Copies bytes between a WebSocket and a TCP socket. Either side that cannot take more pauses the other.
 *
 * @module
 */
import type { Socket } from 'node:net'
import type { WebSocket } from 'ws'

/** Reading from the target stops while more than this waits in the WebSocket. */
const WEBSOCKET_HIGH_WATER_BYTES = 1024 * 1024

/** How a copied connection ended. */
export interface CopyResult {
  readonly bytesToTarget: number
  readonly bytesToClient: number
  readonly reason: string
}

/** Options of {@link copyBothWays}. */
export interface CopyOptions {
  readonly idleTimeoutMs: number
  /** Called once, after both sides were closed or told to. */
  readonly onEnd: (result: CopyResult) => void
}

/** Starts copying; both ends are owned from now on. `end` closes both. */
export function copyBothWays(webSocket: WebSocket, target: Socket, options: CopyOptions): { readonly end: () => void } {
  let bytesToTarget = 0
  let bytesToClient = 0
  let hasEnded = false

  const finish = (reason: string): void => {
    if (hasEnded) return
    hasEnded = true
    clearTimeout(idle)
    target.destroy()
    if (webSocket.readyState === webSocket.OPEN) webSocket.close(1000)
    // A client that does not answer the close handshake is not waited for.
    setTimeout(() => webSocket.terminate(), 1000).unref()
    options.onEnd({ bytesToTarget, bytesToClient, reason })
  }
  const idle = setTimeout(() => finish('idle'), options.idleTimeoutMs)

  webSocket.on('message', (data: Buffer, isBinary: boolean) => {
    if (hasEnded) return
    if (!isBinary) return finish('text message')
    idle.refresh()
    bytesToTarget += data.length
    if (!target.write(data)) {
      webSocket.pause()
      target.once('drain', () => webSocket.resume())
    }
  })
  webSocket.on('close', () => finish('client closed'))
  webSocket.on('error', () => finish('client failed'))

  target.on('data', (data: Buffer) => {
    idle.refresh()
    bytesToClient += data.length
    webSocket.send(data, { binary: true }, () => {
      if (target.isPaused() && webSocket.bufferedAmount <= WEBSOCKET_HIGH_WATER_BYTES) target.resume()
    })
    if (webSocket.bufferedAmount > WEBSOCKET_HIGH_WATER_BYTES) target.pause()
  })
  target.on('end', () => finish('target closed'))
  target.on('close', () => finish('target closed'))

  return { end: () => finish('relay closed') }
}
