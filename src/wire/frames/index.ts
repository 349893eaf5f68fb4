/**
 * Framing inside TLS: length, sequence number, payload (protocol/wire.md §4).
 *
 * @module
 */
export { FrameDecoder } from './frame-decoder.js'
export { FrameEncoder } from './frame-encoder.js'
export { MAX_FRAME_PAYLOAD_BYTES } from './limits.js'
