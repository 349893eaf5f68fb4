/**
 * Server of bench/tls.mjs: reads requests `bytes to read u32 · bytes to send u32 · u8`, big-endian, and obeys.
 *
 * @module
 */
import { createServer } from 'node:tls'

const CHUNK = Buffer.alloc(1 << 18)

process.once('message', ({ cert, key }) => {
  const server = createServer(
    { cert, key, requestCert: true, rejectUnauthorized: false, minVersion: 'TLSv1.3' },
    (socket) => void serve(socket)
  )
  server.listen(0, '127.0.0.1', () => process.send(server.address().port))
})
process.once('disconnect', () => process.exit())

async function serve(socket) {
  socket.setNoDelay(true)
  let header = Buffer.alloc(0)
  let toRead = 0
  let toSend = 0
  try {
    for await (const chunk of socket) {
      let rest = chunk
      while (rest.length > 0) {
        if (toRead > 0) {
          const taken = Math.min(toRead, rest.length)
          toRead -= taken
          rest = rest.subarray(taken)
        } else {
          const part = rest.subarray(0, 9 - header.length)
          header = Buffer.concat([header, part])
          rest = rest.subarray(part.length)
          if (header.length < 9) continue
          toRead = header.readUInt32BE(0)
          toSend = header.readUInt32BE(4)
          header = Buffer.alloc(0)
        }
        if (toRead === 0) await send(socket, toSend)
      }
    }
  } catch {
    // The client went away.
  }
}

async function send(socket, bytes) {
  for (let sent = 0; sent < bytes; sent += CHUNK.length) {
    if (!socket.write(CHUNK.subarray(0, bytes - sent))) await new Promise((resolve) => socket.once('drain', resolve))
  }
}
