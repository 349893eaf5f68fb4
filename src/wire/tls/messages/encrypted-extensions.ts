/**
 * EncryptedExtensions, RFC 8446 §4.3.1.
 *
 * @module
 */
import { EXTENSION } from '../constants.js'
import { readExtensions } from './extensions.js'
import { messageReader } from './vectors.js'

/**
 * Checks the message. The only answer that the offer allows is the server's list of groups, which serves later
 * connections and is not used.
 *
 * @throws TlsError `unsupported_extension` | `illegal_parameter` | `decode_error`.
 */
export function checkEncryptedExtensions(body: Uint8Array): void {
  const reader = messageReader(body)
  readExtensions(reader, [EXTENSION.supportedGroups])
  reader.end()
}
