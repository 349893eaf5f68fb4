/** Recorded conversations of both network versions: every frame decodes, and encodes to the same bytes. */
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { bytesToHex, concatBytes, hexToBytes } from '../../../src/encoding/index.js'
import { decodeTl, encodeTl, type TlObject } from '../../../src/encoding/tl/index.js'
import { FrameDecoder, FrameEncoder } from '../../../src/wire/frames/index.js'
import { missingShared, sharedPath } from '../../support/shared.js'

interface Line {
  readonly conn: number
  readonly dir: 'c2s' | 's2c' | '-'
  readonly kind: string
  readonly type?: string
  readonly inner?: string
  readonly hex?: string
}

const CARRIERS = new Set(['tcp.packet', 'tcp.query', 'tcp.queryAnswer'])

describe.each(['2025-12', '2026-04'])('transcripts of %s', (version) => {
  const folder = sharedPath(`transcripts/${version}`)
  if (folder === undefined) {
    test.skip(missingShared(`transcripts/${version}`))
    return
  }
  // What passes between proxy and worker is not a client's business.
  const files = readdirSync(folder).filter((name) => name.endsWith('.jsonl') && !name.includes('.worker.'))
  test('there are some', () => expect(files.length).toBeGreaterThan(1))

  test.each(files)('%s', (file) => {
    const lines = readFileSync(`${folder}/${file}`, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Line)
    const streams = new Map<string, Line[]>()
    for (const line of lines.filter(({ kind }) => kind === 'frame')) {
      const key = `${line.conn} ${line.dir}`
      streams.set(key, [...(streams.get(key) ?? []), line])
    }
    expect(streams.size).toBeGreaterThan(0)
    for (const frames of streams.values()) replay(frames.map((line) => ({ ...line, hex: line.hex! })))
  })
})

/**
 * One direction. A file may show the middle of a connection: its numbers are then moved to begin at 0, which leaves every
 * other byte as recorded.
 */
function replay(frames: readonly (Line & { readonly hex: string })[]): void {
  const first = seqnoOf(frames[0]!.hex)
  const recorded = frames.map(({ hex }, index) => {
    expect(seqnoOf(hex)).toBe(first + index)
    const bytes = hexToBytes(hex)
    new DataView(bytes.buffer).setInt32(4, index, true)
    return bytes
  })
  const decoder = new FrameDecoder()
  const encoder = new FrameEncoder()
  decoder.push(concatBytes(...recorded))
  for (const [index, { type, inner }] of frames.entries()) {
    const object = decodeTl(decoder.next()!)
    expect(object.type).toBe(type)
    expect(bytesToHex(encoder.encode(encodeTl(object)))).toBe(bytesToHex(recorded[index]!))
    if (CARRIERS.has(object.type)) checkInner((object as { data: Uint8Array }).data, inner)
  }
  decoder.finish()
}

function seqnoOf(hex: string): number {
  return new DataView(hexToBytes(hex).buffer).getInt32(4, true)
}

/** The object inside a packet, and the HTTP message inside that where there is one. */
function checkInner(data: Uint8Array, name: string | undefined): void {
  const object: TlObject = decodeTl(data)
  if (name !== undefined) expect(object.type).toBe(name)
  expect(bytesToHex(encodeTl(object))).toBe(bytesToHex(data))
  const http =
    object.type === 'client.runQueryEx'
      ? object.query
      : object.type === 'client.queryAnswerEx'
        ? object.answer
        : undefined
  if (http !== undefined) expect(bytesToHex(encodeTl(decodeTl(http)))).toBe(bytesToHex(http))
}
