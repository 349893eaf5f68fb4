/**
 * Framing inside TLS: length, sequence number, payload (protocol/wire.md §4).
 *
 * @module
 */
export { FrameDecoder, type FrameDecoderOptions } from './frame-decoder.js'
export { FrameEncoder } from './frame-encoder.js'
export { FRAME_HEADER_BYTES, MAX_FRAME_PAYLOAD_BYTES, MIN_FRAME_PAYLOAD_BYTES } from './limits.js'
