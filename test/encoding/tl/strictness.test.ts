import { describe, expect, test } from 'vitest'
import { CocoonError } from '../../../src/errors.js'
import { bytesToHex, hexToBytes } from '../../../src/encoding/index.js'
import { decodeTl, encodeTl, type TlObject } from '../../../src/encoding/tl/index.js'

const requestId = new Uint8Array(32).fill(7)

function codeOf(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    if (CocoonError.is(error)) return error.code
    throw error
  }
  return 'nothing thrown'
}

const decodeCode = (hex: string): string => codeOf(() => decodeTl(hexToBytes(hex)))
const encodeCode = (object: unknown): string => codeOf(() => encodeTl(object as TlObject))

describe('reading', () => {
  test('accepts lengths that are longer than needed and padding that is not zero, and never writes them', () => {
    const minimal = 'f8ba179c03aaaaaa'
    for (const hex of ['f8ba179cfe030000aaaaaaff', 'f8ba179cff03000000000000aaaaaa01']) {
      const object = decodeTl(hexToBytes(hex))
      expect(object).toEqual({ type: 'tcp.packet', data: hexToBytes('aaaaaa') })
      expect(bytesToHex(encodeTl(object))).toBe(minimal)
    }
    expect(decodeTl(hexToBytes('f8ba179c01aaffff'))).toEqual({ type: 'tcp.packet', data: hexToBytes('aa') })
  })

  test.each([
    ['nothing', ''],
    ['half an id', '7c62'],
    ['unknown constructor', '0000000000000000'],
    ['truncated', '7c62e9bb05000000000000'],
    ['trailing bytes', '7c62e9bb050000000000000000'],
    ['trailing word', '2367276c067365637265740000000000'],
    ['missing padding', 'f8ba179c01aa'],
    ['bytes longer than the input', 'f8ba179c05aaaaaa'],
    ['3-byte length beyond the input', 'f8ba179cfeffffffaaaaaaaa'],
    ['7-byte length beyond the input', 'f8ba179cffffffffffffffffaaaaaaaa'],
    ['7-byte length that is small modulo 2^32', 'f8ba179cff04000000010000aaaaaaaa'],
    ['a Bool that is none', 'f4a05fff01000000000000000000000057000000'],
    ['a constructor of another class inside', 'cc0e8aaa7c62e9bbe8030000000000006504000000000000'],
    ['vector of −1', '010e4ef6ffffffff'],
    ['vector of 2^31−1', '010e4ef6ffffff7f'],
    ['vector with one more than fits', '67dcf00c020000000161000000000000'],
    ['a bare type as an object', '5cb1c57000'.repeat(40)],
    ['Bool as an object', 'b5757299'],
    ['vector id', '15c4b51c00000000']
  ])('refuses: %s', (_, hex) => expect(decodeCode(hex)).toBe('ERR_TL_DECODE'))

  test('ignores flag bits that it does not know', () => {
    const known = encodeTl({ type: 'client.queryAnswerPartEx', requestId, answer: new Uint8Array(0) })
    const unknown = known.slice()
    unknown[known.length - 1] = 0x80
    expect(decodeTl(unknown)).toEqual(decodeTl(known))
  })

  test('replaces text that is not UTF-8', () => {
    expect(decodeTl(hexToBytes('961c55605a02000002ff4100'))).toEqual({
      type: 'client.authorizationWithProxyFailed',
      errorCode: 602,
      error: '\ufffdA'
    })
  })

  test('keeps NaN and infinite times', () => {
    const object: TlObject = {
      type: 'client.queryAnswerPartEx',
      requestId,
      answer: new Uint8Array(0),
      finalInfo: {
        tokensUsed: {
          promptTokensUsed: -1n,
          cachedTokensUsed: 0n,
          completionTokensUsed: 0n,
          reasoningTokensUsed: 0n,
          totalTokensUsed: 2n ** 63n - 1n
        },
        proxyStartTime: NaN,
        proxyEndTime: Infinity,
        workerStartTime: -0,
        workerEndTime: 1
      }
    }
    expect(decodeTl(encodeTl(object))).toEqual(object)
  })

  test('byte fields are views of the input', () => {
    const input = hexToBytes('f8ba179c03aaaaaa')
    const { data } = decodeTl(input) as { data: Uint8Array }
    expect(data.buffer).toBe(input.buffer)
  })

  test('reads a view that does not begin at the start of its buffer', () => {
    const padded = new Uint8Array(20)
    padded.set(hexToBytes('7c62e9bb0500000000000000'), 5)
    expect(decodeTl(padded.subarray(5, 17))).toEqual({ type: 'tcp.ping', id: 5n })
  })
})

describe('writing', () => {
  test.each<[string, unknown]>([
    ['no object', undefined],
    ['unknown type', { type: 'tcp.nothing' }],
    ['inherited property as type', { type: 'constructor' }],
    ['a bare type', { type: 'client.params', clientOwnerAddress: '' }],
    ['long out of range', { type: 'tcp.ping', id: 2n ** 63n }],
    ['long as number', { type: 'tcp.ping', id: 5 }],
    ['missing field', { type: 'tcp.query', id: 5n }],
    ['int out of range', { type: 'tcp.queryError', id: 5n, code: 2 ** 31, message: '' }],
    ['int with a fraction', { type: 'tcp.queryError', id: 5n, code: 1.5, message: '' }],
    ['int NaN', { type: 'tcp.queryError', id: 5n, code: NaN, message: '' }],
    ['string as bytes', { type: 'tcp.packet', data: 'text' }],
    ['array as bytes', { type: 'tcp.packet', data: [1, 2] }],
    [
      'int256 of 31 bytes',
      { type: 'client.queryAnswerPartEx', requestId: new Uint8Array(31), answer: new Uint8Array(0) }
    ],
    ['no vector', { type: 'client.workerTypes', types: {} }],
    ['a hole in a vector', { type: 'client.workerTypes', types: [undefined] }],
    [
      'a member of another class',
      { type: 'client.paymentStatus', signedPayment: { type: 'tcp.ping', id: 1n }, dbTokens: 0n, maxTokens: 0n }
    ],
    [
      'one of two fields of a bit',
      { type: 'client.connectToProxy', params: { clientOwnerAddress: '', minProtoVersion: 1 }, minConfigVersion: 0 }
    ]
  ])('refuses: %s', (_, object) => expect(encodeCode(object)).toBe('ERR_TL_ENCODE'))

  test('names the field, not the value', () => {
    const secret = 'a value that must not be shown'
    const object = { type: 'client.workerTypes', types: [{ name: 'm', activeWorkers: secret }] }
    expect(() => encodeTl(object as unknown as TlObject)).toThrow(
      /client\.workerTypes\.types\[0\]\.activeWorkers must be/
    )
    expect(() => encodeTl(object as unknown as TlObject)).not.toThrow(secret)
  })

  test('data of 2^24 bytes takes the long form', () => {
    const data = new Uint8Array(2 ** 24 + 1).fill(1)
    const bytes = encodeTl({ type: 'tcp.packet', data })
    expect(bytesToHex(bytes.subarray(4, 13))).toBe('ff0100000100000001')
    expect(bytes.length).toBe(4 + 8 + 2 ** 24 + 4)
    const { data: back } = decodeTl(bytes) as { data: Uint8Array }
    expect(back.length).toBe(data.length)
  })
})
