/**
 * ClientHello, RFC 8446 §4.1.2: exactly the profile; no server name, no ALPN, no pre-shared key (wire.md §3.1).
 *
 * @module
 */
import type { CipherSuite } from '../cipher-suites.js'
import * as EXTENSION from '../code-points/extension-types.js'
import * as MESSAGE_TYPE from '../code-points/message-types.js'
import { VERSION_LEGACY, VERSION_TLS13 } from '../constants.js'
import { encodeExtension } from './extensions.js'
import { encodeMessage, encodeU16, encodeVector } from './vectors.js'

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
  return encodeMessage(
    MESSAGE_TYPE.clientHello,
    encodeU16(VERSION_LEGACY),
    hello.random,
    encodeVector(1, hello.sessionId),
    encodeVector(2, ...hello.suites.map((suite) => encodeU16(suite.code))),
    encodeVector(1, Uint8Array.of(0)),
    encodeVector(
      2,
      encodeExtension(EXTENSION.supportedVersions, encodeVector(1, encodeU16(VERSION_TLS13))),
      encodeExtension(EXTENSION.supportedGroups, encodeVector(2, ...hello.shares.map(({ group }) => encodeU16(group)))),
      encodeExtension(EXTENSION.signatureAlgorithms, encodeVector(2, ...hello.schemes.map(encodeU16))),
      encodeExtension(
        EXTENSION.keyShare,
        encodeVector(
          2,
          ...hello.shares.flatMap(({ group, publicKey }) => [encodeU16(group), encodeVector(2, publicKey)])
        )
      )
    )
  )
}
