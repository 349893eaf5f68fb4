/**
 * The server's side of a handshake and its data, cut at every byte and changed at every byte.
 *
 * @module
 */
import { describe, expect, it } from 'vitest'
import { CocoonError } from '../../../src/errors.js'
import { ANSWER, complete, converse, recordConversation, records } from './support/hostile-relay.js'

describe('a conversation', () => {
  it('cut at every byte: an error inside records and the handshake, else an end that shows', async () => {
    const total = (await recordConversation()).reduce((sum, record) => sum + record.length, 0)
    expect(total).toBeGreaterThan(700)
    const outcomes = { truncated: 0, lost: 0 }
    for (let limit = 0; limit < total; limit++) {
      const { error, ending, received } = await converse(async (from, to) => {
        let passed = 0
        for await (const record of records(from)) {
          const part = record.slice(0, limit - passed)
          passed += part.length
          if (part.length > 0) await to.write(part)
          if (passed === limit) return to.close()
        }
      })
      expect([0, ANSWER.length, complete.length]).toContain(received?.length ?? 0)
      if (error === undefined) {
        expect(ending).toBe('truncated')
        outcomes.truncated++
      } else {
        // Writing towards a closed in-memory stream gives ERR_CLOSED where a socket gives ERR_CONNECTION_LOST.
        expect(['ERR_CONNECTION_LOST', 'ERR_CLOSED']).toContain((error as CocoonError).code)
        outcomes.lost++
      }
    }
    // Behind each of the two records of data, and behind Finished when our flight still left.
    expect(outcomes.truncated).toBeGreaterThanOrEqual(2)
    expect(outcomes.truncated).toBeLessThanOrEqual(3)
  })

  it('changed at every byte: nothing changed is handed out', async () => {
    const lengths = (await recordConversation()).map((record) => record.length)
    const total = lengths.reduce((sum, length) => sum + length, 0)
    for (let place = 0; place < total; place++) {
      const { error, received } = await converse(async (from, to) => {
        let offset = 0
        for await (const record of records(from)) {
          const local = place - offset
          offset += record.length
          if (local >= 0 && local < record.length) record[local]! ^= 0x41
          await to.write(record)
          // A length that was raised makes the client wait for bytes that the server never sends.
          if (local === 3 || local === 4) break
        }
        await to.close()
      })
      if (error === undefined) expect(received?.length).toBeLessThanOrEqual(complete.length)
      else expect(CocoonError.is(error)).toBe(true)
      expect(complete.subarray(0, received?.length ?? 0)).toEqual(received ?? new Uint8Array(0))
    }
  })
})
