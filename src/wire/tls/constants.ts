/**
 * Values and limits of the profile (RFC 8446, wire.md §3.1). Record, message and extension types: ./code-points.
 *
 * @module
 */

/** Value of `supported_versions` for TLS 1.3. */
export const VERSION_TLS13 = 0x0304

/** Value of every legacy version field. */
export const VERSION_LEGACY = 0x0303

/** Signature scheme ed25519, RFC 8446 §4.2.3: the only one of the network. */
export const SCHEME_ED25519 = 0x0807

/** Longest content of one record, bytes (RFC 8446 §5.1). */
export const MAX_RECORD_CONTENT = 16_384

/** Longest protected record body, bytes: content, type, padding and tag (RFC 8446 §5.2). */
export const MAX_RECORD_BODY: number = MAX_RECORD_CONTENT + 256

/** Bytes of a record header. */
export const RECORD_HEADER = 5

/** All handshake messages of one handshake, and those after it without data between them, stay below this many bytes. */
export const MAX_HANDSHAKE_BYTES = 131_072
