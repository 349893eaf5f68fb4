/**
 * The record layer by itself: splitting, assembling, reading.
 *
 * @module
 */
import { describe, expect, it } from 'vitest'
import { concatBytes } from '../../../src/encoding/index.js'
import { RecordReader } from '../../../src/wire/tls/record-reader.js'
import { createMessageSplitter, createRecordSplitter } from '../../../src/wire/tls/splitter.js'
import { createLinkedStreams } from '../../support/linked-streams.js'

const record = (type: number, length: number): Uint8Array =>
  concatBytes(Uint8Array.of(type, 3, 3, length >> 8, length & 0xff), new Uint8Array(length).fill(type))

describe('createRecordSplitter', () => {
  const wire = concatBytes(record(22, 0), record(23, 1), record(21, 2), record(23, 300), record(20, 1))
  const split = (chunks: readonly Uint8Array[]): string[] => {
    const splitter = createRecordSplitter()
    const seen: string[] = []
    for (const chunk of chunks) {
      splitter.push(chunk)
      for (let next = splitter.next(); next !== undefined; next = splitter.next()) {
        const body = next.subarray(5)
        expect(body.every((octet) => octet === next![0])).toBe(true)
        seen.push(`${next[0]}/${body.length}`)
      }
    }
    expect(splitter.bufferedBytes).toBe(0)
    return seen
  }
  const whole = ['22/0', '23/1', '21/2', '23/300', '20/1']

  it('gives the same records wherever the stream is split in two', () => {
    expect(split([wire])).toEqual(whole)
    for (let at = 0; at <= wire.length; at++) expect(split([wire.subarray(0, at), wire.subarray(at)])).toEqual(whole)
  })

  it('gives the same records byte by byte', () => {
    expect(split([...wire].map((octet) => Uint8Array.of(octet)))).toEqual(whole)
  })

  it('refuses before it allocates', () => {
    for (const [header, alert] of [
      [[23, 3, 3, 0x41, 1], 'record_overflow'],
      [[23, 3, 3, 0xff, 0xff], 'record_overflow'],
      [[72, 84, 84, 80, 47], 'protocol_version']
    ] as const) {
      for (const pieces of [[header], header.map((octet) => [octet])]) {
        const splitter = createRecordSplitter()
        expect(() => {
          for (const piece of pieces) {
            splitter.push(Uint8Array.from(piece))
            splitter.next()
          }
        }).toThrow(expect.objectContaining({ alertSent: expect.objectContaining({ name: alert }) }))
      }
    }
  })

  it('takes linear time on a megabyte of one-byte chunks', () => {
    const big = concatBytes(...Array.from({ length: 64 }, () => record(23, 16_384)))
    const splitter = createRecordSplitter()
    let count = 0
    for (let index = 0; index < big.length; index++) {
      splitter.push(big.subarray(index, index + 1))
      if (splitter.next() !== undefined) count++
    }
    expect(count).toBe(64)
  })
})

describe('createMessageSplitter', () => {
  const messages = [
    Uint8Array.of(20, 0, 0, 0),
    Uint8Array.of(8, 0, 0, 2, 0, 0),
    concatBytes(Uint8Array.of(11, 0, 1, 44), new Uint8Array(300))
  ]
  const wire = concatBytes(...messages)

  const split = (chunks: readonly Uint8Array[]): Uint8Array[] => {
    const splitter = createMessageSplitter()
    const seen: Uint8Array[] = []
    for (const chunk of chunks) {
      splitter.push(chunk)
      for (let next = splitter.next(); next !== undefined; next = splitter.next()) seen.push(next)
    }
    expect(splitter.bufferedBytes).toBe(0)
    return seen
  }

  it('gives the same messages wherever they are split', () => {
    for (let at = 0; at <= wire.length; at++) {
      expect(split([wire.subarray(0, at), wire.subarray(at)])).toEqual(messages)
    }
    expect(split([...wire].map((octet) => Uint8Array.of(octet)))).toEqual(messages)
  })

  it('knows whether it is inside a message', () => {
    const splitter = createMessageSplitter()
    splitter.push(wire.subarray(0, 6))
    expect([splitter.next()?.length, splitter.bufferedBytes]).toEqual([4, 2])
    expect([splitter.next(), splitter.bufferedBytes]).toEqual([undefined, 2])
    splitter.push(wire.subarray(6, 10))
    expect([splitter.next()?.length, splitter.bufferedBytes]).toEqual([6, 0])
  })

  it('refuses a length beyond the limit before it allocates', () => {
    const splitter = createMessageSplitter()
    splitter.push(Uint8Array.of(11, 2, 0, 1))
    expect(() => splitter.next()).toThrow(
      expect.objectContaining({ alertSent: expect.objectContaining({ name: 'illegal_parameter' }) })
    )
  })
})

describe('RecordReader', () => {
  it('reports a reset only after everything that came before it', async () => {
    const [end, other] = createLinkedStreams({ backward: { cutAtByte: 14, cutStyle: 'reset' } })
    await other.write(concatBytes(record(22, 2), record(22, 2)))
    const reader = new RecordReader(end)
    expect((await reader.next())?.content).toEqual(Uint8Array.of(22, 22))
    expect((await reader.next())?.content).toEqual(Uint8Array.of(22, 22))
    await expect(reader.next()).rejects.toMatchObject({ code: 'ERR_CONNECTION_LOST' })
    await expect(reader.next()).rejects.toMatchObject({ code: 'ERR_CONNECTION_LOST' })
  })

  it('says so when the stream ends inside a record', async () => {
    for (let length = 1; length < 7; length++) {
      const [end, other] = createLinkedStreams()
      await other.write(record(22, 2).subarray(0, length))
      await other.close()
      const result = new RecordReader(end).next()
      await expect(result).rejects.toMatchObject({ code: 'ERR_CONNECTION_LOST', phase: 'tls' })
    }
  })
})
