/**
 * Faults of connections: before TLS, during TLS, and in the framed conversation before any request.
 *
 * @module
 */
import { encodeTl } from '../../encoding/tl/index.js'
import { rawFrame, type ClientConnection } from '../proxy/connection.js'
import type { FrontRules } from '../server/listener.js'

/** By name: what the front does differently. */
export const FRONT_FAULTS: ReadonlyMap<string, (argument: number | undefined) => Partial<FrontRules>> = new Map([
  ['pow-magic', () => ({ wrongPowMagic: true })],
  ['pow-difficulty', (bits = 29) => ({ difficultyBits: bits })],
  ['reject-certificate', () => ({ rejectCertificate: true })],
  ['silent', () => ({ silent: true })],
  ['close-on-accept', () => ({ closeOnAccept: true })],
  ['tls-garbage', () => ({ garbageInsteadOfTls: true })]
] as Array<[string, (argument: number | undefined) => Partial<FrontRules>]>)

type ConnectionFault = (connection: ClientConnection, argument: number | undefined) => void

/** A constructor id that no schema has. */
const UNKNOWN = Uint8Array.of(0xde, 0xad, 0xbe, 0xef, 0, 0, 0, 0)

/** A valid tcp.pong payload. */
function pong(): Uint8Array {
  return encodeTl({ type: 'tcp.pong', id: 1n })
}

/** Breaks the stream of frames in one way; the next thing that the peer reads is wrong. */
export const FRAME_BREAKERS: ReadonlyMap<string, ConnectionFault> = new Map([
  ['wrong-seqno', (wire, offset = 1) => wire.writeBytes(rawFrame(12, wire.framesSent + offset, pong()))],
  ['bad-length', (wire, length = 16_777_217) => wire.writeBytes(rawFrame(length, wire.framesSent, pong()))],
  ['unknown-frame', (wire) => wire.writeBytes(rawFrame(UNKNOWN.length, wire.framesSent, UNKNOWN))],
  [
    'trailing-bytes',
    (wire) => {
      const payload = new Uint8Array([...pong(), 0, 0, 0, 0])
      wire.writeBytes(rawFrame(payload.length, wire.framesSent, payload))
    }
  ],
  ['truncated-object', (wire) => wire.writeBytes(rawFrame(8, wire.framesSent, pong().subarray(0, 8)))]
] as Array<[string, ConnectionFault]>)

/** By name: what happens right after tcp.connected. */
export const CONNECTION_FAULTS: ReadonlyMap<string, ConnectionFault> = new Map([
  ...[...FRAME_BREAKERS].map(([name, act]): [string, ConnectionFault] => [`handshake-${name}`, act]),
  ['handshake-cut', (wire) => wire.close('fault')],
  ['handshake-stall', (wire) => wire.mute()],
  ['handshake-error', (wire, code = 602) => wire.answerNextQuery((id) => wire.fail(id, code, 'devnet fault'))],
  [
    'handshake-wrong-answer',
    (wire) => wire.answerNextQuery((id) => wire.answer(id, { type: 'client.workerTypesV2', types: [] }))
  ],
  [
    'handshake-malformed-answer',
    (wire) => wire.answerNextQuery((id) => wire.send({ type: 'tcp.queryAnswer', id, data: UNKNOWN }))
  ],
  ['cut-after-bytes', (wire, count = 100) => wire.cutAfterBytes(count)],
  ['slow-trickle', (wire, pauseMs = 1) => wire.startTrickle(pauseMs)],
  [
    'handshake-ping-flood',
    (wire, count = 1000) => {
      for (let id = 1; id <= count; id++) wire.send({ type: 'tcp.ping', id: BigInt(id) })
    }
  ]
] as Array<[string, ConnectionFault]>)
