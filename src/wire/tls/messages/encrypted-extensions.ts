/**
 * EncryptedExtensions, RFC 8446 §4.3.1.
 *
 * @module
 */
import * as EXTENSION from '../code-points/extension-types.js'
import { assertAllowed, readExtensions } from './extensions.js'
import { parse } from './vectors.js'

/**
 * Checks the message. The only answer that the offer allows is the server's list of groups, which serves later
 * connections and is not used.
 *
 * @throws TlsError `unsupported_extension` | `illegal_parameter` | `decode_error`.
 */
export function checkEncryptedExtensions(body: Uint8Array): void {
  assertAllowed(parse(body, readExtensions), EXTENSION.supportedGroups)
}
