/**
 * Debian's websockify as a relay: a foreign WebSocket↔TCP bridge with one fixed target.
 *
 * @module
 */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { type AddressInfo, connect, createServer } from 'node:net'

const PROGRAM = '/usr/bin/websockify'

/** Whether it is installed. */
export const hasWebsockify: boolean = existsSync(PROGRAM)

/** Part of a test's name when it cannot run. */
export const NO_WEBSOCKIFY: string = 'websockify is not installed: node scripts/install-browser.mjs'

/** A running bridge. */
export interface Websockify {
  readonly url: string
  close(): Promise<void>
}

/** Starts a bridge to `target` (`host:port`) on a free port and waits until it accepts connections. */
export async function startWebsockify(target: string): Promise<Websockify> {
  const port = await freePort()
  const child = spawn(PROGRAM, [`127.0.0.1:${port}`, target], { stdio: ['ignore', 'ignore', 'pipe'] })
  let errors = ''
  child.stderr.on('data', (data: Buffer) => (errors += data.toString()))
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  for (let attempt = 0; ; attempt++) {
    if (await accepts(port)) break
    if (child.exitCode !== null || attempt === 200) throw new Error(`websockify does not listen: ${errors}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  return {
    url: `ws://127.0.0.1:${port}`,
    async close() {
      child.kill()
      await ended
    }
  }
}

/** websockify cannot choose a port by itself and say which; a port that was free a moment ago has to do. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
