import { Address } from '@ton/core'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CocoonError } from '../../src/errors.js'
import { bytesToHex, formatAddress, formatRawAddress, parseAddress, sameAddress } from '../../src/encoding/index.js'

const numRuns = Number(process.env['FC_NUM_RUNS'] ?? 300)

// protocol/wire.md §8
const OWNER = 'UQAuz15H1ZHrZ_psVrAra7HealMIVeFq0wguqlmFno1f3B-m'
const PROXY_OWNER = 'EQDnlslXI2RtI1WhLmtelkb4CVQGxr8E_xSIjl0Hg79jNhNQ'

function codeOf(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    return CocoonError.is(error) ? error.code : 'not ours'
  }
  return 'nothing thrown'
}

describe('addresses of the sheets', () => {
  test.each([
    [OWNER, false],
    [PROXY_OWNER, true]
  ])('%s', (text, bounceable) => {
    const address = parseAddress(text)
    expect(address).toMatchObject({ workchain: 0, bounceable, testOnly: false })
    expect(formatAddress(address)).toBe(text)
    expect(formatRawAddress(address)).toBe(Address.parse(text).toRawString())
    const standard = text.replaceAll('-', '+').replaceAll('_', '/')
    expect(formatAddress(address, { urlSafe: false })).toBe(standard)
    expect(sameAddress(parseAddress(standard), address)).toBe(true)
  })
})

test('equals @ton/core for every flag, workchain and hash', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: -128, max: 127 }),
      fc.uint8Array({ minLength: 32, maxLength: 32 }),
      fc.boolean(),
      fc.boolean(),
      fc.boolean(),
      (workchain, hash, bounceable, testOnly, urlSafe) => {
        const core = new Address(workchain, Buffer.from(hash))
        const text = core.toString({ bounceable, testOnly, urlSafe })
        expect(formatAddress({ workchain, hash }, { bounceable, testOnly, urlSafe })).toBe(text)
        expect(parseAddress(text)).toEqual({ workchain, hash: new Uint8Array(hash), bounceable, testOnly })
        expect(parseAddress(core.toRawString())).toEqual({ workchain, hash: new Uint8Array(hash) })
        expect(formatRawAddress({ workchain, hash })).toBe(core.toRawString())
      }
    ),
    { numRuns }
  )
})

describe('raw form', () => {
  const hex = 'aB'.repeat(32)

  test('workchains of 32 bits', () => {
    for (const workchain of [-(2 ** 31), -1, 0, 2 ** 31 - 1])
      expect(parseAddress(`${workchain}:${hex}`).workchain).toBe(workchain)
    expect(formatRawAddress(parseAddress(`-1:${hex}`))).toBe(`-1:${hex.toLowerCase()}`)
    expect(codeOf(() => formatAddress(parseAddress(`128:${hex}`)))).toBe('ERR_ENCODING')
  })

  test.each([
    `-0:${hex}`,
    `00:${hex}`,
    `+1:${hex}`,
    `2147483648:${hex}`,
    `99999999999:${hex}`,
    `0:${hex}0`,
    `0:${hex.slice(2)}`,
    `:${hex}`,
    `0:${hex}\n`,
    ` 0:${hex}`,
    hex
  ])('refuses %j', (text) => expect(codeOf(() => parseAddress(text))).toBe('ERR_ENCODING'))
})

describe('friendly form', () => {
  test('every single wrong character is refused', () => {
    for (let at = 0; at < OWNER.length; at++) {
      const other = OWNER[at] === 'A' ? 'B' : 'A'
      expect(codeOf(() => parseAddress(OWNER.slice(0, at) + other + OWNER.slice(at + 1)))).toBe('ERR_ENCODING')
    }
  })

  test.each([
    '',
    OWNER.slice(1),
    `${OWNER}A`,
    ` ${OWNER.slice(1)}`,
    'A'.repeat(48),
    `${OWNER.slice(0, -1)}=`,
    `${OWNER.slice(0, 40)}-+-+-+-+`
  ])('refuses %j', (text) => expect(codeOf(() => parseAddress(text))).toBe('ERR_ENCODING'))

  test('a hash of another length cannot be written', () => {
    expect(codeOf(() => formatAddress({ workchain: 0, hash: new Uint8Array(31) }))).toBe('ERR_ENCODING')
  })

  test('any text: an address or our error', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 60 }), (text) => {
        expect(['nothing thrown', 'ERR_ENCODING']).toContain(codeOf(() => parseAddress(text)))
      }),
      { numRuns }
    )
  })

  test('flags are no part of the identity', () => {
    const address = parseAddress(OWNER)
    const other = parseAddress(formatAddress(address, { bounceable: true, testOnly: true }))
    expect(other.testOnly).toBe(true)
    expect(sameAddress(address, other)).toBe(true)
    expect(sameAddress(address, { ...address, workchain: -1 })).toBe(false)
    expect(bytesToHex(other.hash)).toBe(bytesToHex(address.hash))
  })
})
