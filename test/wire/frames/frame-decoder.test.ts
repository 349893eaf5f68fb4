import { describe, expect, test } from 'vitest'
import { CocoonError } from '../../../src/errors.js'
import { bytesToHex, concatBytes, hexToBytes } from '../../../src/encoding/index.js'
import { FrameDecoder, FrameEncoder, MAX_FRAME_PAYLOAD_BYTES } from '../../../src/wire/frames/index.js'

// protocol/wire.md §4, worked frames: one direction's frames 0 and 1, and the other's
const CLIENT_FRAMES = [
  '0c0000000000000061427ca50807060504030201',
  '5c000000010000000819f53a88776655443322114cf4a05fff0300000030555141757a313548315a48725a5f70735672417261374865616c4d495665467130776775716c6d466e6f316633422d6d000000379779bc010000000200000057000000000000'
]
const PROXY_FRAMES = [
  '0c00000000000000d6416d630807060504030201',
  '240000000100000002f6d24c88776655443322115a0200001274657374206d6f6465206d69736d6174636800'
]

function drain(decoder: FrameDecoder): string[] {
  const payloads: string[] = []
  for (let payload = decoder.next(); payload !== undefined; payload = decoder.next()) payloads.push(bytesToHex(payload))
  return payloads
}

function decodeAll(...chunks: Uint8Array[]): string[] {
  const decoder = new FrameDecoder()
  return chunks.flatMap((chunk) => {
    decoder.push(chunk)
    return drain(decoder)
  })
}

function errorOf(run: () => unknown): CocoonError {
  try {
    run()
  } catch (error) {
    if (CocoonError.is(error)) return error
    throw error
  }
  throw new Error('nothing thrown')
}

describe.each([
  ['client', CLIENT_FRAMES],
  ['proxy', PROXY_FRAMES]
])('worked frames of the %s', (_, frames) => {
  const stream = hexToBytes(frames.join(''))
  const payloads = frames.map((frame) => frame.slice(16))

  test('decode and encode', () => {
    expect(decodeAll(stream)).toEqual(payloads)
    const encoder = new FrameEncoder()
    expect(payloads.map((payload) => bytesToHex(encoder.encode(hexToBytes(payload))))).toEqual(frames)
  })

  test('split at every byte', () => {
    for (let at = 0; at <= stream.length; at++) {
      expect(decodeAll(stream.subarray(0, at), stream.subarray(at))).toEqual(payloads)
    }
    expect(decodeAll(...Array.from(stream, (byte) => Uint8Array.of(byte)))).toEqual(payloads)
  })

  test('an end at every byte but a boundary is a truncation', () => {
    const boundaries = new Set([0, frames[0]!.length / 2, stream.length])
    for (let at = 0; at <= stream.length; at++) {
      const decoder = new FrameDecoder()
      decoder.push(stream.subarray(0, at))
      drain(decoder)
      if (boundaries.has(at)) expect(() => decoder.finish()).not.toThrow()
      else expect(errorOf(() => decoder.finish()).code).toBe('ERR_FRAME_TRUNCATED')
    }
  })
})

describe('limits', () => {
  test.each([
    ['0', '00000000'],
    ['3', '03000000'],
    ['2^24 + 1', '01000001'],
    ['2^32 - 1', 'ffffffff']
  ])('a length of %s is refused with the first four bytes', (_, hex) => {
    const decoder = new FrameDecoder()
    decoder.push(hexToBytes(hex))
    const error = errorOf(() => decoder.next())
    expect(error.code).toBe('ERR_FRAME_SIZE')
    // dead from now on, with the same error
    expect(errorOf(() => decoder.push(new Uint8Array(1)))).toBe(error)
    expect(errorOf(() => decoder.next())).toBe(error)
    expect(errorOf(() => decoder.finish())).toBe(error)
    expect(decoder.bufferedBytes).toBe(0)
  })

  test.each(['01000000', 'ffffffff', '00000001'])('a first frame with number %s is refused', (seqno) => {
    const decoder = new FrameDecoder()
    decoder.push(hexToBytes(`0c000000${seqno}`))
    expect(errorOf(() => decoder.next()).code).toBe('ERR_FRAME_SEQNO')
  })

  test('a repeated number is refused', () => {
    const decoder = new FrameDecoder()
    decoder.push(hexToBytes(CLIENT_FRAMES[0]! + CLIENT_FRAMES[0]!))
    expect(decoder.next()).toBeDefined()
    expect(errorOf(() => decoder.next()).code).toBe('ERR_FRAME_SEQNO')
  })

  test('maxFrameBytes lowers the limit and cannot raise it', () => {
    const low = new FrameDecoder({ maxFrameBytes: 12 })
    low.push(hexToBytes('0d000000'))
    expect(errorOf(() => low.next()).code).toBe('ERR_FRAME_SIZE')
    const high = new FrameDecoder({ maxFrameBytes: 2 ** 30 })
    high.push(hexToBytes('01000001'))
    expect(errorOf(() => high.next()).code).toBe('ERR_FRAME_SIZE')
  })

  test('the longest payload passes both ways; one byte more does not number a frame', () => {
    const encoder = new FrameEncoder()
    expect(errorOf(() => encoder.encode(new Uint8Array(MAX_FRAME_PAYLOAD_BYTES + 1))).code).toBe('ERR_FRAME_SIZE')
    expect(errorOf(() => encoder.encode(new Uint8Array(3))).code).toBe('ERR_FRAME_SIZE')
    expect(encoder.nextSeqno).toBe(0)
    const frame = encoder.encode(new Uint8Array(MAX_FRAME_PAYLOAD_BYTES).fill(9))
    expect(bytesToHex(frame.subarray(0, 9))).toBe('000000010000000009')
    const decoder = new FrameDecoder()
    decoder.push(frame)
    expect(decoder.next()?.length).toBe(MAX_FRAME_PAYLOAD_BYTES)
    expect(decoder.bufferedBytes).toBe(0)
  })
})

describe('memory and time', () => {
  test('payloads stay as they are, whatever is pushed after them', () => {
    const stream = hexToBytes(CLIENT_FRAMES.join(''))
    for (const pieceBytes of [stream.length, 1, 7, 13]) {
      const decoder = new FrameDecoder()
      const payloads: Uint8Array[] = []
      for (let at = 0; at < stream.length; at += pieceBytes) {
        decoder.push(stream.slice(at, at + pieceBytes))
        for (let payload = decoder.next(); payload !== undefined; payload = decoder.next()) payloads.push(payload)
      }
      expect(payloads.map((payload) => bytesToHex(payload))).toEqual(CLIENT_FRAMES.map((frame) => frame.slice(16)))
    }
  })

  test('a frame in one piece is not copied', () => {
    const decoder = new FrameDecoder()
    const chunk = hexToBytes(CLIENT_FRAMES[0]!)
    decoder.push(chunk)
    expect(decoder.next()!.buffer).toBe(chunk.buffer)
  })

  test('a header reserves nothing', () => {
    const decoder = new FrameDecoder()
    const before = process.memoryUsage().arrayBuffers
    decoder.push(hexToBytes('0000000100000000'))
    expect(decoder.next()).toBeUndefined()
    expect(decoder.bufferedBytes).toBe(8)
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1_000_000)
  })

  test('pieces of one byte cost the same per byte whatever the size', () => {
    const timeOf = (length: number): number => {
      const frame = new FrameEncoder().encode(new Uint8Array(length))
      const decoder = new FrameDecoder()
      const start = performance.now()
      let payload: Uint8Array | undefined
      for (let at = 0; at < frame.length; at++) {
        decoder.push(frame.subarray(at, at + 1))
        payload = decoder.next()
      }
      expect(payload?.length).toBe(length)
      return performance.now() - start
    }
    timeOf(200_000)
    const small = timeOf(1_000_000) / 1_000_000
    const large = timeOf(10_000_000) / 10_000_000
    // Quadratic work would be 10 times as much; a busy machine is allowed its noise.
    expect(large / small).toBeLessThan(5)
  })

  test('many frames in one piece, with a rest that stays', () => {
    const encoder = new FrameEncoder()
    const count = 50_000
    const frames = Array.from({ length: count }, (_, index) =>
      encoder.encode(new Uint8Array(4 + (index % 9)).fill(index))
    )
    const all = concatBytes(...frames)
    const decoder = new FrameDecoder()
    let seen = 0
    for (let at = 0; at < all.length; at += 1009) {
      decoder.push(all.subarray(at, at + 1009))
      for (let payload = decoder.next(); payload !== undefined; payload = decoder.next()) {
        if (payload.length !== 4 + (seen % 9) || payload[0] !== (seen & 255)) throw new Error(`frame ${seen} differs`)
        seen++
      }
    }
    expect(seen).toBe(count)
    expect(() => decoder.finish()).not.toThrow()
  })

  test('gives plain byte arrays whatever subclass the transport hands in', () => {
    const decoder = new FrameDecoder()
    decoder.push(Buffer.from('040000000000000001020304', 'hex'))
    const payload = decoder.next()
    expect(payload?.constructor).toBe(Uint8Array)
    expect([...(payload ?? [])]).toEqual([1, 2, 3, 4])
  })
})
