/**
 * Messages after the handshake: NewSessionTicket (RFC 8446 §4.6.1) and KeyUpdate (§4.6.3).
 *
 * @module
 */
import { abort } from '../alerts.js'
import { readAnyExtensions } from './extensions.js'
import { messageReader, readVector16, readVector8 } from './vectors.js'

/** Checks a ticket's form; tickets are never kept, since the network never resumes (wire.md §3.1). */
export function checkNewSessionTicket(body: Uint8Array): void {
  const reader = messageReader(body)
  reader.skip(8) // lifetime and age
  readVector8(reader)
  if (readVector16(reader).length === 0) abort('decode_error', 'an empty session ticket')
  readAnyExtensions(reader)
  reader.end()
}

/** Whether the peer wants us to change our key too. @throws TlsError `illegal_parameter` | `decode_error`. */
export function decodeKeyUpdate(body: Uint8Array): boolean {
  const reader = messageReader(body)
  const request = reader.u8()
  reader.end()
  if (request > 1) abort('illegal_parameter', 'unknown key update request')
  return request === 1
}
