/**
 * Ends streams that are given up.
 *
 * @module
 */
import type { ByteStream } from '../ports/byte-stream.js'

/** Ends a stream whose own failure would only hide a better reason. Never rejects, whatever the stream does. */
export async function closeQuietly(stream: ByteStream, reason?: unknown): Promise<void> {
  try {
    await stream.close(reason)
  } catch {
    // It is given up either way.
  }
}
