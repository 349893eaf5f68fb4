/**
 * Random identifiers of queries, pings and connections.
 *
 * @module
 */
import type { Random } from '../../runtime/ports/clock.js'

/** A uniformly random TL `long`: 8 fresh bytes, little-endian, signed. */
export function randomInt64(random: Random): bigint {
  const bytes = random.bytes(8)
  return new DataView(bytes.buffer, bytes.byteOffset, 8).getBigInt64(0, true)
}
