import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CocoonError } from '../../../src/errors.js'
import { bytesToHex, hexToBytes } from '../../../src/encoding/index.js'
import {
  decodePowChallenge,
  decodePowResponse,
  encodePowChallenge,
  encodePowResponse
} from '../../../src/wire/pow/index.js'

// protocol/wire.md §2.4, accepted by the reference
const CHALLENGE = '91128e411400000030c2d6b19e323fc402ab5e7509229e31'
const RESPONSE = '19738201bceb0a0000000000'

function codeOf(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    return CocoonError.is(error) ? error.code : 'not ours'
  }
  return 'nothing thrown'
}

test('the real challenge, both ways', () => {
  const challenge = decodePowChallenge(hexToBytes(CHALLENGE))
  expect(challenge).toEqual({ difficultyBits: 20, salt: hexToBytes('30c2d6b19e323fc402ab5e7509229e31') })
  expect(bytesToHex(encodePowChallenge(challenge))).toBe(CHALLENGE)
})

test('the accepted response, both ways', () => {
  expect(bytesToHex(encodePowResponse(715708n))).toBe(RESPONSE)
  expect(decodePowResponse(hexToBytes(RESPONSE))).toBe(715708n)
  expect(bytesToHex(encodePowResponse(-2n))).toBe('19738201feffffffffffffff')
  expect(decodePowResponse(hexToBytes('19738201feffffffffffffff'))).toBe(-2n)
})

test.each([
  ['ff000000', 255],
  ['ffffffff', -1],
  ['00000080', -(2 ** 31)]
])('difficulty bytes %s are %d', (hex, difficultyBits) => {
  expect(decodePowChallenge(hexToBytes(`91128e41${hex}${'00'.repeat(16)}`)).difficultyBits).toBe(difficultyBits)
})

describe('refuses', () => {
  test('another magic, another length', () => {
    expect(codeOf(() => decodePowChallenge(hexToBytes(`92${CHALLENGE.slice(2)}`)))).toBe('ERR_POW_CHALLENGE')
    expect(codeOf(() => decodePowChallenge(hexToBytes(CHALLENGE.slice(2))))).toBe('ERR_POW_CHALLENGE')
    expect(codeOf(() => decodePowChallenge(hexToBytes(`${CHALLENGE}00`)))).toBe('ERR_POW_CHALLENGE')
    expect(codeOf(() => decodePowResponse(hexToBytes(`18${RESPONSE.slice(2)}`)))).toBe('ERR_PROTOCOL')
    expect(codeOf(() => decodePowResponse(hexToBytes(RESPONSE.slice(2))))).toBe('ERR_PROTOCOL')
    expect(codeOf(() => decodePowResponse(new Uint8Array(0)))).toBe('ERR_PROTOCOL')
  })

  test('to write impossible challenges', () => {
    expect(codeOf(() => encodePowChallenge({ difficultyBits: 2 ** 31, salt: new Uint8Array(16) }))).toBe(
      'ERR_POW_CHALLENGE'
    )
    expect(codeOf(() => encodePowChallenge({ difficultyBits: 1, salt: new Uint8Array(17) }))).toBe('ERR_POW_CHALLENGE')
  })

  test('any other bytes with our error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        expect(codeOf(() => decodePowChallenge(bytes))).toBe('ERR_POW_CHALLENGE')
        expect(codeOf(() => decodePowResponse(bytes))).toBe('ERR_PROTOCOL')
      }),
      { numRuns: Number(process.env['FC_NUM_RUNS'] ?? 300) }
    )
  })
})

test('the generated hash is what the generator writes', () => {
  const script = fileURLToPath(new URL('../../../scripts/generate-pow.mjs', import.meta.url))
  expect(() => execFileSync(process.execPath, [script, '--check'], { stdio: 'pipe' })).not.toThrow()
})
