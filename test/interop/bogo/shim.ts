/**
 * Shim for BoringSSL's BoGo runner (ssl/test/runner): drives the pure engine the way the runner's flags say.
 *
 * The runner's own certificates are RSA and ECDSA. So that its handshake cases run at all, the shim authenticates peers with
 * node:crypto through the engine's seam and offers their schemes; everything else is the engine as shipped. Exit codes are
 * the runner's: 0 as wished, 1 an error (its text on stderr), 89 a flag that the shim does not know.
 *
 * @module
 */
import { constants, createPrivateKey, type KeyObject, sign, verify, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import type { ByteStream } from '../../../src/runtime/ports/byte-stream.js'
import { systemClock, webRandom } from '../../../src/runtime/shared/index.js'
import { abort } from '../../../src/wire/tls/alerts.js'
import { createPureTlsEngine, type PureTlsSeams } from '../../../src/wire/tls/engine.js'
import type { GroupName } from '../../../src/wire/tls/key-exchange.js'
import { TlsError, type TlsStream } from '../../../src/wire/tls/index.js'
import { socketStream } from '../../wire/tls/support/socket-stream.js'
import { parseFlags, type ShimOptions } from './shim-flags.js'

const UNIMPLEMENTED = 89

interface Scheme {
  readonly hash: string | null
  readonly keyType: string
  readonly curve?: string
}

/** Signature schemes of the runner's certificates by code point. */
const SCHEMES: Readonly<Record<number, Scheme>> = {
  0x0403: { hash: 'sha256', keyType: 'ec', curve: 'prime256v1' },
  0x0503: { hash: 'sha384', keyType: 'ec', curve: 'secp384r1' },
  0x0603: { hash: 'sha512', keyType: 'ec', curve: 'secp521r1' },
  0x0804: { hash: 'sha256', keyType: 'rsa' },
  0x0805: { hash: 'sha384', keyType: 'rsa' },
  0x0806: { hash: 'sha512', keyType: 'rsa' },
  0x0807: { hash: null, keyType: 'ed25519' }
}

const GROUP_NAMES: Readonly<Record<number, GroupName>> = { 29: 'x25519', 23: 'secp256r1' }

await main()

async function main(): Promise<void> {
  const options = parseFlags(process.argv.slice(2))
  if (options === undefined) process.exit(UNIMPLEMENTED)
  if (options.values.has('is-handshaker-supported')) {
    console.log('No')
    process.exit(0)
  }
  try {
    await converse(options)
    process.exit(0)
  } catch (error) {
    process.stderr.write(`${describe(error)}\n`)
    // The alert is on its way; the runner reads it before it looks at the exit code.
    setTimeout(() => process.exit(1), 50)
  }
}

async function converse(options: ShimOptions): Promise<void> {
  const groups = options.lists.get('curves')?.map((code) => GROUP_NAMES[code]) ?? ['x25519']
  if (groups.some((name) => name === undefined)) process.exit(UNIMPLEMENTED)
  const socket = await dial(Number(options.values.get('port')))
  const raw = socketStream(socket)
  await sendShimId(raw, options)
  const engine = createPureTlsEngine({ requireCloseNotify: true, groups: groups as GroupName[] }, seams(options))
  const stream = await engine.connect(raw, {
    clock: systemClock,
    random: webRandom,
    judge: async () => {
      if (options.values.has('verify-fail')) abort('certificate_unknown', 'the flags ask for a refusal')
    }
  })
  await exchange(stream, options)
}

/** What the runner expects once the handshake is done: export, speak first or close, else echo every byte inverted. */
async function exchange(stream: TlsStream, { values }: ShimOptions): Promise<void> {
  const exportLength = Number(values.get('export-keying-material') ?? 0)
  if (exportLength > 0) {
    const context = new TextEncoder().encode(values.get('export-context') ?? '')
    await stream.write(await stream.exportKeyingMaterial(values.get('export-label') ?? '', context, exportLength))
  }
  if (values.has('shim-writes-first')) await stream.write(new TextEncoder().encode('hello'))
  if (values.has('key-update')) await stream.updateKeys()
  if (values.has('shim-shuts-down')) return stream.close()
  for (let chunk = await stream.read(); chunk !== null; chunk = await stream.read()) {
    await stream.write(chunk.map((octet) => octet ^ 0xff))
  }
  await stream.close()
}

function seams(options: ShimOptions): PureTlsSeams {
  const offered = options.lists.get('verify-prefs') ?? [0x0403, 0x0804, 0x0503, 0x0805, 0x0806, 0x0807]
  const schemes = offered.filter((code) => SCHEMES[code] !== undefined)
  return {
    authentication: {
      schemes,
      async verify(leafDer, code, signature, content) {
        const scheme = SCHEMES[code]!
        const key = publicKeyOf(leafDer)
        if (!fits(key, scheme)) abort('illegal_parameter', 'the scheme does not fit the key')
        return verify(scheme.hash, content, signatureKey(key, scheme), signature)
      }
    },
    identity: async () => identityOf(options)
  }
}

function publicKeyOf(leafDer: Uint8Array): KeyObject {
  try {
    return new X509Certificate(leafDer).publicKey
  } catch {
    abort('bad_certificate', 'the certificate does not parse')
  }
}

function identityOf(options: ShimOptions): Awaited<ReturnType<NonNullable<PureTlsSeams['identity']>>> {
  const certFile = options.values.get('cert-file')
  if (certFile === undefined) return { chain: [], scheme: 0, sign: async () => new Uint8Array(0) }
  const pem = readFileSync(certFile, 'latin1').match(/-----BEGIN CERTIFICATE[^]*?END CERTIFICATE-----/g) ?? []
  const key = createPrivateKey(readFileSync(options.values.get('key-file') ?? certFile))
  const preferences = options.lists.get('signing-prefs') ?? Object.keys(SCHEMES).map(Number)
  const code = preferences.find((candidate) => SCHEMES[candidate] !== undefined && fits(key, SCHEMES[candidate]))
  if (code === undefined) process.exit(UNIMPLEMENTED)
  const scheme = SCHEMES[code]!
  return {
    chain: pem.map((text) => new Uint8Array(new X509Certificate(text).raw)),
    scheme: code,
    sign: async (content) => new Uint8Array(sign(scheme.hash, content, signatureKey(key, scheme)))
  }
}

function fits(key: KeyObject, scheme: Scheme): boolean {
  if (key.asymmetricKeyType !== scheme.keyType) return false
  return scheme.curve === undefined || key.asymmetricKeyDetails?.namedCurve === scheme.curve
}

function signatureKey(key: KeyObject, scheme: Scheme): Parameters<typeof sign>[2] & Parameters<typeof verify>[2] {
  if (scheme.keyType === 'ec') return { key, dsaEncoding: 'der' }
  if (scheme.keyType !== 'rsa') return key
  return { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
}

/** The runner listens on IPv6 where it can. */
async function dial(port: number): Promise<Socket> {
  const attempt = (host: string): Promise<Socket> =>
    new Promise((resolve, reject) => {
      const socket = connect(port, host)
      socket.once('connect', () => resolve(socket)).once('error', reject)
    })
  return attempt('::1').catch(() => attempt('127.0.0.1'))
}

/** The first bytes tell the runner which of its tests this process belongs to. */
async function sendShimId(raw: ByteStream, { values }: ShimOptions): Promise<void> {
  const id = values.get('shim-id')
  if (id === undefined) return
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(id), true)
  await raw.write(bytes)
}

/** `:ALERT_NAME:` or `remote ALERT_NAME`, for the runner's error map. */
function describe(error: unknown): string {
  if (!(error instanceof TlsError)) return `ERROR ${String(error)}`
  const alert = error.alertSent ?? error.alertReceived
  return `ERROR ${error.alertSent === undefined ? 'remote ' : ''}:${alert?.name.toUpperCase() ?? 'NONE'}: ${error.message}`
}
