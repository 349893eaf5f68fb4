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
export function requestKey(id: Uint8Array): number {
  return id[0]! | (id[1]! << 8) | (id[2]! << 16) | ((id[3]! & 0x3f) << 24)
}

/** Whether two request ids are the same. They are no secrets, so this may stop early. */
export function sameRequestId(a: Uint8Array, b: Uint8Array): boolean {
  for (let index = 0; index < REQUEST_ID_BYTES; index++) if (a[index] !== b[index]) return false
  return true
}
