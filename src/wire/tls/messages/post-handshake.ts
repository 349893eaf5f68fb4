/**
 * Messages after the handshake: NewSessionTicket (RFC 8446 §4.6.1) and KeyUpdate (§4.6.3).
 *
 * @module
 */
import { abort } from '../alerts.js'
import { readExtensions } from './extensions.js'
import { parse, readVector16, readVector8 } from './vectors.js'

/** Checks a ticket's form; tickets are never kept, since the network never resumes (wire.md §3.1). */
export function checkNewSessionTicket(body: Uint8Array): void {
  parse(body, (reader) => {
    reader.skip(8) // lifetime and age
    readVector8(reader)
    if (readVector16(reader).length === 0) abort('decode_error', 'empty session ticket')
    readExtensions(reader)
  })
}

/** Whether the peer wants us to change our key too. @throws TlsError `illegal_parameter` | `decode_error`. */
export function decodeKeyUpdate(body: Uint8Array): boolean {
  const request = parse(body, (reader) => reader.u8())
  if (request > 1) abort('illegal_parameter', 'key update request')
  return request === 1
}
