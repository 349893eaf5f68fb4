/**
 * Times the pure TLS engine against `node:tls` in one run, over loopback TCP, with the server in a process of its own.
 *
 *     node bench/tls.mjs [handshakes] [megabytes] [--quick]
 *
 * Prints the median handshake, the time from a fresh TCP connection to the first answered byte, the round trip on an open
 * connection, and download and upload rates, with pure ÷ native for each.
 *
 * @module
 */
import { fork } from 'node:child_process'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))
const isQuick = process.argv.includes('--quick')
const numbers = process.argv.slice(2).filter((argument) => !argument.startsWith('--'))
const handshakes = Number(numbers[0] ?? (isQuick ? 15 : 60))
const megabytes = Number(numbers[1] ?? (isQuick ? 32 : 256))

// Below node_modules, so that the bundle finds its external packages.
const cache = join(root, 'node_modules/.cache')
await mkdir(cache, { recursive: true })
const directory = await mkdtemp(join(cache, 'bench-tls-'))
try {
  await run(await load())
} finally {
  await rm(directory, { recursive: true })
}

/** Bundles the engines and the certificate maker from source. */
async function load() {
  const outfile = join(directory, 'engines.mjs')
  await build({
    stdin: {
      contents: [
        `export * from './src/wire/tls/index.ts'`,
        `export { nativeTlsEngine, nodeDialer, runtime } from './src/runtime/node/index.ts'`,
        `export { createEd25519Certificate } from './src/encoding/x509/index.ts'`
      ].join('\n'),
      resolveDir: root
    },
    bundle: true,
    format: 'esm',
    platform: 'node',
    packages: 'external',
    outfile,
    logLevel: 'error'
  })
  return import(pathToFileURL(outfile).href)
}

async function run(library) {
  const { certificateDer, privateKeyPkcs8 } = await library.createEd25519Certificate({
    serial: Uint8Array.of(1),
    notBefore: new Date(Date.now() - 86_400_000),
    notAfter: new Date(Date.now() + 86_400_000)
  })
  const server = fork(fileURLToPath(new URL('./tls-server.mjs', import.meta.url)))
  try {
    const port = await new Promise((resolve, reject) => {
      server.once('message', resolve)
      server.once('error', reject)
      server.send({ cert: pem('CERTIFICATE', certificateDer), key: pem('PRIVATE KEY', privateKeyPkcs8) })
    })
    await compare(library, port)
  } finally {
    server.kill()
  }
}

async function compare(library, port) {
  const { clock, random } = library.runtime
  const engines = {
    native: library.nativeTlsEngine,
    pure: library.createPureTlsEngine({ cipherSuites: ['TLS_AES_256_GCM_SHA384', 'TLS_AES_128_GCM_SHA256'] }),
    'pure aes128': library.createPureTlsEngine({ cipherSuites: ['TLS_AES_128_GCM_SHA256'] })
  }
  const open = async (engine, times = {}) => {
    const started = performance.now()
    // As wire/ratls does it: what does not depend on the peer is made while the connection is.
    engine.prepare?.({ clock, random })
    const raw = await library.nodeDialer.dial({ host: '127.0.0.1', port })
    times.dialled = performance.now()
    const stream = await engine.connect(raw, { clock, random, judge: async () => {} })
    times.secure = performance.now()
    await stream.write(request(1))
    await stream.read()
    times.first = performance.now()
    times.started = started
    return stream
  }
  const figures = {}
  for (const name of Object.keys(engines)) figures[name] = { handshake: [], first: [], trip: [], down: [], up: [] }
  for (let round = 0; round < handshakes + 10; round++) {
    // Interleaved, so that whatever else the machine does meets every engine alike.
    for (const [name, engine] of Object.entries(engines)) {
      const times = {}
      const stream = await open(engine, times)
      if (round >= 10) {
        figures[name].handshake.push(times.secure - times.dialled)
        figures[name].first.push(times.first - times.started)
      }
      await stream.close()
    }
  }
  for (let round = 0; round < 4; round++) {
    for (const [name, engine] of Object.entries(engines)) {
      const stream = await open(engine)
      for (let trip = 0; trip < 100; trip++) {
        const started = performance.now()
        await stream.write(request(1))
        await stream.read()
        if (trip >= 20) figures[name].trip.push(performance.now() - started)
      }
      figures[name].down.push(await download(stream, megabytes * 1e6))
      figures[name].up.push(await upload(stream, (megabytes * 1e6) / 4))
      await stream.close()
    }
  }
  report(figures)
}

/** A request of the bench server: bytes it is to read (this header apart), bytes it is to send. */
function request(send, receive = 0) {
  const header = new Uint8Array(9)
  const view = new DataView(header.buffer)
  view.setUint32(0, receive)
  view.setUint32(4, send)
  return header
}

async function download(stream, bytes) {
  const started = performance.now()
  await stream.write(request(bytes))
  for (let received = 0; received < bytes;) received += (await stream.read()).length
  return bytes / 1e3 / (performance.now() - started)
}

async function upload(stream, bytes) {
  const chunk = new Uint8Array(1 << 20)
  const started = performance.now()
  const total = Math.ceil(bytes / chunk.length) * chunk.length
  await stream.write(request(1, total))
  for (let sent = 0; sent < total; sent += chunk.length) await stream.write(chunk)
  await stream.read()
  return total / 1e3 / (performance.now() - started)
}

function report(figures) {
  const rows = [
    ['handshake p50, ms', 'handshake', 2],
    ['connect to first byte p50, ms', 'first', 2],
    ['round trip p50, ms', 'trip', 3],
    ['download, MB/s', 'down', 0],
    ['upload, MB/s', 'up', 0]
  ]
  console.log(`node ${process.versions.node}, ${handshakes} handshakes, ${megabytes} MB per download`)
  for (const [label, key, digits] of rows) {
    const native = median(figures.native[key])
    const cells = Object.entries(figures).map(([name, values]) => {
      const value = median(values[key])
      return `${name} ${value.toFixed(digits)}${name === 'native' ? '' : ` (×${(value / native).toFixed(2)})`}`
    })
    console.log(`${label.padEnd(32)}${cells.map((cell) => cell.padEnd(28)).join('')}`)
  }
}

function median(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]
}

function pem(label, der) {
  return `-----BEGIN ${label}-----\n${Buffer.from(der).toString('base64')}\n-----END ${label}-----\n`
}
