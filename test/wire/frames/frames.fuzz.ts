import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { CocoonError } from '../../../src/errors.js'
import { concatBytes } from '../../../src/encoding/index.js'
import { FrameDecoder, FrameEncoder } from '../../../src/wire/frames/index.js'

const numRuns = Number(process.env['FC_NUM_RUNS'] ?? 300)

test('any payloads through any pieces', () => {
  const payloads = fc.array(fc.uint8Array({ minLength: 4, maxLength: 300 }), { maxLength: 12 })
  fc.assert(
    fc.property(payloads, fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 8 }), (sent, sizes) => {
      const encoder = new FrameEncoder()
      const stream = concatBytes(...sent.map((payload) => encoder.encode(payload)))
      const decoder = new FrameDecoder()
      const got: Uint8Array[] = []
      for (let at = 0, turn = 0; at < stream.length; turn++) {
        const size = sizes[turn % sizes.length]!
        decoder.push(stream.subarray(at, at + size))
        at += size
        for (let payload = decoder.next(); payload !== undefined; payload = decoder.next()) got.push(payload)
      }
      decoder.finish()
      expect(got).toEqual(sent.map((payload) => new Uint8Array(payload)))
    }),
    { numRuns }
  )
})

test('any bytes: payloads or one of our errors', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), fc.nat(20), (bytes, length) => {
      const decoder = new FrameDecoder()
      // Half of the runs begin with a plausible header.
      const stream = length > 10 ? concatBytes(Uint8Array.of(length, 0, 0, 0, 0, 0, 0, 0), bytes) : bytes
      try {
        decoder.push(stream)
        while (decoder.next() !== undefined);
        decoder.finish()
      } catch (error) {
        expect(CocoonError.is(error)).toBe(true)
      }
    }),
    { numRuns }
  )
})
