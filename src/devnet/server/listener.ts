/**
 * The front of a devnet proxy: TCP, proof of work in plain text, then TLS 1.3 on the same socket.
 *
 * Source: wire.md §1–§3.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { createSecureContext, TLSSocket, type SecureContext } from 'node:tls'
import { decodePowResponse, encodePowChallenge, POW_RESPONSE_BYTES, verifyPow } from '../../wire/pow/index.js'
import type { Lifetime } from '../lifetime.js'
import type { DevnetLog, MutableConnection } from '../log.js'
import type { ServerCertificate } from './certificate.js'
import { clientCertificateProblem } from './client-certificate.js'

/** What a front looks at for each connection. */
export interface FrontRules {
  readonly difficultyBits: number
  /** Magic of the challenge; other than the right one is a fault. */
  readonly wrongPowMagic: boolean
  /** Ends the connection right after the TLS handshake, as for a refused certificate. */
  readonly rejectCertificate: boolean
  /** Accepts TCP and says nothing. */
  readonly silent: boolean
  /** Closes TCP at once. */
  readonly closeOnAccept: boolean
  /** Sends this instead of TLS. */
  readonly garbageInsteadOfTls: boolean
}

/** What a front needs. */
export interface ListenerSettings {
  readonly proxyIndex: number
  readonly host: string
  readonly port: number
  readonly certificate: ServerCertificate
  readonly lifetime: Lifetime
  readonly log: DevnetLog
  readonly now: () => number
  /** Read once per connection. */
  readonly rules: () => FrontRules
  readonly onConnection: (socket: TLSSocket, entry: MutableConnection) => void
}

/** TLS profile of the reference (wire.md §3.1). */
const CIPHERS = 'TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384'

function challengeFor(rules: FrontRules, salt: Uint8Array): Uint8Array {
  const challenge = encodePowChallenge({ difficultyBits: rules.difficultyBits, salt })
  if (rules.wrongPowMagic) challenge[0] = (challenge[0] ?? 0) ^ 0xff
  return challenge
}

/** Reads exactly `length` bytes and leaves the rest in the socket for TLS; `undefined` at the end of the stream. */
function readExactly(socket: Socket, length: number): Promise<Uint8Array | undefined> {
  return new Promise((resolve) => {
    const done = (bytes: Uint8Array | undefined): void => {
      socket.off('readable', attempt)
      socket.off('end', end)
      socket.off('close', end)
      resolve(bytes)
    }
    const attempt = (): void => {
      const bytes = socket.read(length) as Buffer | null
      if (bytes === null) return
      // At the end of the stream a short rest is returned.
      done(bytes.length === length ? new Uint8Array(bytes) : undefined)
    }
    const end = (): void => done(undefined)
    socket.on('readable', attempt)
    socket.on('end', end)
    socket.on('close', end)
    attempt()
  })
}

/** One listening front. */
export class Listener {
  readonly #settings: ListenerSettings
  readonly #context: SecureContext
  readonly #server: Server

  constructor(settings: ListenerSettings) {
    this.#settings = settings
    this.#context = createSecureContext({
      cert: settings.certificate.certificatePem,
      key: settings.certificate.privateKeyPem,
      minVersion: 'TLSv1.3',
      ciphers: CIPHERS
    })
    this.#server = createServer({ noDelay: true }, (socket) => this.#accept(socket))
  }

  /** Starts listening. @returns `host:port`. */
  listen(): Promise<string> {
    const { host, port, lifetime } = this.#settings
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(port, host, () => {
        lifetime.onClose(() => this.#server.close())
        resolve(`${host}:${(this.#server.address() as AddressInfo).port}`)
      })
    })
  }

  /** Resolves when the server and all its sockets are gone. */
  closed(): Promise<void> {
    return new Promise((resolve) => {
      if (!this.#server.listening && this.#server.address() === null) {
        this.#server.getConnections((_error, count) => (count === 0 ? resolve() : this.#server.once('close', resolve)))
      } else this.#server.once('close', resolve)
    })
  }

  #accept(socket: Socket): void {
    const { lifetime, log, now, proxyIndex } = this.#settings
    const entry = log.openConnection(proxyIndex, now())
    const release = lifetime.onClose(() => {
      log.closeConnection(entry, 'devnet closed')
      socket.destroy()
    })
    socket.on('error', () => undefined)
    socket.on('close', () => {
      release()
      log.closeConnection(entry, 'peer')
    })
    const fail = (reason: string): void => {
      log.closeConnection(entry, reason)
      socket.destroy()
    }
    const rules = this.#settings.rules()
    if (rules.closeOnAccept) return fail('fault')
    if (rules.silent) return void socket.resume()
    const salt = new Uint8Array(randomBytes(16))
    socket.write(challengeFor(rules, salt))
    void readExactly(socket, POW_RESPONSE_BYTES).then((response) => {
      if (response === undefined || socket.destroyed) return fail('peer')
      try {
        if (!verifyPow({ difficultyBits: rules.difficultyBits, salt }, decodePowResponse(response))) return fail('pow')
      } catch {
        return fail('pow')
      }
      entry.powSolved = true
      log.totals.powSolved++
      if (rules.garbageInsteadOfTls) {
        socket.write('HTTP/1.1 400 Bad Request\r\n\r\n')
        return
      }
      this.#startTls(socket, entry, rules)
    })
  }

  #startTls(socket: Socket, entry: MutableConnection, rules: FrontRules): void {
    const { lifetime, log, now, onConnection } = this.#settings
    const secure = new TLSSocket(socket, {
      isServer: true,
      secureContext: this.#context,
      requestCert: true,
      rejectUnauthorized: false
    })
    // The TLS socket only: destroying the raw one under it crashes Node 20 (README of the facts).
    const release = lifetime.onClose(() => secure.destroy())
    secure.on('close', () => {
      release()
      log.closeConnection(entry, 'peer')
      socket.destroy()
    })
    secure.on('error', () => secure.destroy())
    secure.once('secure', () => {
      const certificate = secure.getPeerCertificate(true) as { raw?: Buffer }
      const problem = rules.rejectCertificate ? 'fault' : clientCertificateProblem(certificate.raw, now())
      if (problem !== undefined) {
        log.closeConnection(entry, `certificate: ${problem}`)
        // After this turn, so that the handshake's last flight has left.
        setImmediate(() => secure.destroy())
        return
      }
      entry.tlsEstablished = true
      log.totals.tlsEstablished++
      onConnection(secure, entry)
    })
  }
}
