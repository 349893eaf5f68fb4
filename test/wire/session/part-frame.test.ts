import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeTl, encodeTl } from '../../../src/encoding/tl/index.js'
import { PartFrameReader } from '../../../src/wire/session/part-frame.js'

const requestId = Uint8Array.from({ length: 32 }, (_, index) => index + 1)

function frameOf(answer: Uint8Array, finalInfo = false): Uint8Array {
  const tokensUsed = {
    promptTokensUsed: 1n,
    cachedTokensUsed: 2n,
    completionTokensUsed: 3n,
    reasoningTokensUsed: 4n,
    totalTokensUsed: 5n
  }
  const rest = finalInfo ? { finalInfo: { tokensUsed } } : {}
  return encodeTl({
    type: 'tcp.packet',
    data: encodeTl({ type: 'client.queryAnswerPartEx', requestId, answer, ...rest })
  })
}

/** What the strict decoder says. */
function strictly(frame: Uint8Array): Uint8Array | undefined {
  try {
    const packet = decodeTl(frame)
    const part = packet.type === 'tcp.packet' ? decodeTl(packet.data) : packet
    return part.type === 'client.queryAnswerPartEx' && part.finalInfo === undefined ? part.answer : undefined
  } catch {
    return undefined
  }
}

describe('PartFrameReader', () => {
  test.each([0, 1, 2, 3, 200, 213, 214, 253, 254, 255, 256, 70_000])('finds a part of %i bytes', (length) => {
    const answer = new Uint8Array(length).fill(7)
    const frame = frameOf(answer)
    const reader = new PartFrameReader()
    expect(reader.read(frame)).toBe(true)
    expect(frame.slice(reader.idAt, reader.idAt + 32)).toEqual(requestId)
    expect(frame.slice(reader.dataAt, reader.dataEnd)).toEqual(answer)
  })

  test('leaves everything else to the strict decoder', () => {
    const reader = new PartFrameReader()
    expect(reader.read(new Uint8Array(0))).toBe(false)
    expect(reader.read(encodeTl({ type: 'tcp.ping', id: 1n }))).toBe(false)
    expect(reader.read(frameOf(Uint8Array.of(1), true))).toBe(false)
    expect(
      reader.read(
        encodeTl({ type: 'tcp.packet', data: encodeTl({ type: 'client.queryAnswerEx', requestId, answer: requestId }) })
      )
    ).toBe(false)
    const frame = frameOf(Uint8Array.of(1, 2, 3, 4, 5))
    for (let length = 0; length < frame.length; length++) expect(reader.read(frame.subarray(0, length))).toBe(false)
    expect(reader.read(Uint8Array.from([...frame, 0, 0, 0, 0]))).toBe(false)
  })

  test('never takes what the strict decoder would not, nor differently', () => {
    const reader = new PartFrameReader()
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 300 }),
        fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 3 }),
        (answer, changes) => {
          const frame = frameOf(answer)
          for (const [at, value] of changes) frame[at % frame.length] = value
          if (reader.read(frame)) expect(frame.slice(reader.dataAt, reader.dataEnd)).toEqual(strictly(frame))
        }
      ),
      { numRuns: 500 }
    )
  })
})
