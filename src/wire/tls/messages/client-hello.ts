/**
 * ClientHello, RFC 8446 §4.1.2: exactly the profile; no server name, no ALPN, no pre-shared key (wire.md §3.1).
 *
 * @module
 */
import type { CipherSuite } from '../cipher-suites.js'
import { EXTENSION, MESSAGE_TYPE, VERSION_LEGACY, VERSION_TLS13 } from '../constants.js'
import { encodeExtension } from './extensions.js'
import { encodeMessage, encodeNumber, encodeVector } from './vectors.js'

/** What varies between two ClientHellos. */
export interface ClientHello {
  /** 32 bytes. */
  readonly random: Uint8Array
  /** 32 bytes: a session id that is not empty is what switches the compatibility mode on (RFC 8446 §D.4). */
  readonly sessionId: Uint8Array
  /** In order of preference. */
  readonly suites: readonly CipherSuite[]
  /** In order of preference; every offered group comes with its share, so that no retry is ever needed. */
  readonly shares: readonly { readonly group: number; readonly publicKey: Uint8Array }[]
  /** Signature schemes accepted from the server. */
  readonly schemes: readonly number[]
}

/** Encodes a ClientHello with its header. */
export function encodeClientHello(hello: ClientHello): Uint8Array {
  const u16 = (value: number): Uint8Array => encodeNumber(2, value)
  return encodeMessage(
    MESSAGE_TYPE.clientHello,
    u16(VERSION_LEGACY),
    hello.random,
    encodeVector(1, hello.sessionId),
    encodeVector(2, ...hello.suites.map((suite) => u16(suite.code))),
    encodeVector(1, Uint8Array.of(0)),
    encodeVector(
      2,
      encodeExtension(EXTENSION.supportedVersions, encodeVector(1, u16(VERSION_TLS13))),
      encodeExtension(EXTENSION.supportedGroups, encodeVector(2, ...hello.shares.map(({ group }) => u16(group)))),
      encodeExtension(EXTENSION.signatureAlgorithms, encodeVector(2, ...hello.schemes.map(u16))),
      encodeExtension(
        EXTENSION.keyShare,
        encodeVector(2, ...hello.shares.flatMap(({ group, publicKey }) => [u16(group), encodeVector(2, publicKey)]))
      )
    )
  )
}
