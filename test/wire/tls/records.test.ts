/**
 * The record layer by itself: splitting, assembling, reading.
 *
 * @module
 */
import { describe, expect, it } from 'vitest'
import { concatBytes, equalBytes } from '../../../src/encoding/index.js'
import { MessageAssembler } from '../../../src/wire/tls/message-assembler.js'
import { RecordReader } from '../../../src/wire/tls/record-reader.js'
import { RecordSplitter } from '../../../src/wire/tls/record-splitter.js'
import { createLinkedStreams } from '../../support/linked-streams.js'

const record = (type: number, length: number): Uint8Array =>
  concatBytes(Uint8Array.of(type, 3, 3, length >> 8, length & 0xff), new Uint8Array(length).fill(type))

describe('RecordSplitter', () => {
  const wire = concatBytes(record(22, 0), record(23, 1), record(21, 2), record(23, 300), record(20, 1))
  const split = (chunks: readonly Uint8Array[]): string[] => {
    const splitter = new RecordSplitter()
    const seen: string[] = []
    for (const chunk of chunks) {
      splitter.push(chunk)
      for (let next = splitter.next(); next !== undefined; next = splitter.next()) {
        expect(next.body.every((octet) => octet === next!.type)).toBe(true)
        seen.push(`${next.type}/${next.header.length}/${next.body.length}`)
      }
    }
    expect(splitter.bufferedBytes).toBe(0)
    return seen
  }
  const whole = ['22/5/0', '23/5/1', '21/5/2', '23/5/300', '20/5/1']

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
        const splitter = new RecordSplitter()
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
    const splitter = new RecordSplitter()
    let count = 0
    for (let index = 0; index < big.length; index++) {
      splitter.push(big.subarray(index, index + 1))
      if (splitter.next() !== undefined) count++
    }
    expect(count).toBe(64)
  })
})

describe('MessageAssembler', () => {
  const messages = [
    Uint8Array.of(20, 0, 0, 0),
    Uint8Array.of(8, 0, 0, 2, 0, 0),
    concatBytes(Uint8Array.of(11, 0, 1, 44), new Uint8Array(300))
  ]
  const wire = concatBytes(...messages)

  it('gives the same messages wherever they are split', () => {
    for (let at = 0; at <= wire.length; at++) {
      const assembler = new MessageAssembler()
      assembler.push(wire.subarray(0, at))
      assembler.push(wire.subarray(at))
      for (const message of messages) expect(equalBytes(assembler.next()!.raw, message)).toBe(true)
      expect(assembler.isEmpty).toBe(true)
    }
  })

  it('knows whether it is inside a message', () => {
    const assembler = new MessageAssembler()
    assembler.push(wire.subarray(0, 6))
    expect([assembler.isEmpty, assembler.isInsideMessage]).toEqual([false, true])
    assembler.push(wire.subarray(6, 10))
    expect([assembler.isEmpty, assembler.isInsideMessage]).toEqual([false, false])
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
