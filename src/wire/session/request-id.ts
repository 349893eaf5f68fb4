/**
 * Request ids: 32 random bytes that the network echoes in every answer.
 *
 * @module
 */

/** Size of a request id, bytes. */
export const REQUEST_ID_BYTES = 32

/**
 * A small integer to look a request up by: 30 bits of its id. Cheap to hash (it is an integer that needs no allocation),
 * not unique: the table compares the whole id and draws another one when a key is taken.
 */
export function requestKey(bytes: Uint8Array, at = 0): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | ((bytes[at + 3]! & 0x3f) << 24)
}

/** Whether a request id stands at `at`. Ids are no secrets, so this may stop early. */
export function isRequestIdAt(id: Uint8Array, bytes: Uint8Array, at = 0): boolean {
  for (let index = 0; index < REQUEST_ID_BYTES; index++) if (id[index] !== bytes[at + index]) return false
  return true
}
