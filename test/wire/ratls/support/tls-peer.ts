/**
 * A server as the network's front end behaves: challenge, answer, TLS 1.3 with an Ed25519 certificate, client certificate
 * demanded but judged by hand. On loopback, on a port of the system's choice.
 *
 * @module
 */
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { createEd25519Certificate, type Ed25519CertificateOptions } from '../../../../src/encoding/x509/index.js'
import { decodePowResponse, encodePowChallenge, type PowChallenge, verifyPow } from '../../../../src/wire/pow/index.js'

export interface ServerIdentity {
  readonly certificateDer: Uint8Array
  readonly cert: string
  readonly key: string
}

export async function serverIdentity(overrides: Partial<Ed25519CertificateOptions> = {}): Promise<ServerIdentity> {
  const made = await createEd25519Certificate({
    notBefore: new Date(Date.now() - 60_000),
    notAfter: new Date(Date.now() + 86_400_000),
    serial: Uint8Array.of(1, 2, 3),
    ...overrides
  })
  return {
    certificateDer: made.certificateDer,
    cert: pem('CERTIFICATE', made.certificateDer),
    key: pem('PRIVATE KEY', made.privateKeyPkcs8)
  }
}

export function pem(label: string, der: Uint8Array): string {
  return `-----BEGIN ${label}-----\n${Buffer.from(der).toString('base64')}\n-----END ${label}-----\n`
}

export interface TlsPeerOptions {
  readonly identity: ServerIdentity
  readonly difficultyBits?: number
  /** Bytes sent in place of a challenge. */
  readonly prologue?: Uint8Array
  /** After TLS. Default: echoes. */
  readonly onSecure?: (socket: TLSSocket, raw: Socket) => void
  /** After the answer to the challenge, in place of TLS. */
  readonly onPlain?: (raw: Socket) => void
}

export interface TlsPeer {
  readonly port: number
  /** Plain bytes of the answers to challenges. */
  readonly nonces: bigint[]
  /** Application bytes that arrived before the peer was told anything. */
  readonly received: Uint8Array[]
  readonly clientCertificates: (Buffer | undefined)[]
  close(): Promise<void>
}

/** Starts the server. */
export async function startTlsPeer(options: TlsPeerOptions): Promise<TlsPeer> {
  const sockets = new Set<Socket>()
  const nonces: bigint[] = []
  const received: Uint8Array[] = []
  const clientCertificates: (Buffer | undefined)[] = []
  const challenge: PowChallenge = { difficultyBits: options.difficultyBits ?? 4, salt: new Uint8Array(16).fill(5) }
  const server = createServer((raw) => {
    sockets.add(raw)
    raw.on('error', () => undefined)
    raw.on('close', () => sockets.delete(raw))
    raw.write(options.prologue ?? encodePowChallenge(challenge))
    const onReadable = (): void => {
      const bytes = raw.read(12) as Buffer | null
      if (bytes === null) return
      raw.removeListener('readable', onReadable)
      const nonce = decodePowResponse(new Uint8Array(bytes))
      nonces.push(nonce)
      if (!verifyPow(challenge, nonce)) return void raw.destroy()
      if (options.onPlain !== undefined) return options.onPlain(raw)
      protect(raw)
    }
    raw.on('readable', onReadable)
  })
  const protect = (raw: Socket): void => {
    const { cert, key } = options.identity
    const socket = new TLSSocket(raw, {
      isServer: true,
      cert,
      key,
      requestCert: true,
      rejectUnauthorized: false,
      minVersion: 'TLSv1.3'
    })
    socket.on('error', () => undefined)
    socket.on('secure', () => {
      clientCertificates.push(socket.getPeerCertificate(true).raw)
      if (options.onSecure !== undefined) return options.onSecure(socket, raw)
      socket.on('data', (data: Buffer) => {
        received.push(new Uint8Array(data))
        socket.write(data)
      })
    })
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    nonces,
    received,
    clientCertificates,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy()
        server.close(() => resolve())
      })
  }
}
