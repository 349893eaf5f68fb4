import { describe, expect, test } from 'vitest'
import { bytesToHex, hexToBytes } from '../../../src/encoding/index.js'
import { decodeTl, encodeTl, type TlValue } from '../../../src/encoding/tl/index.js'
import { missingShared, readSharedJson, sharedPath } from '../../support/shared.js'
import vectors from '../../vectors/tl.json' with { type: 'json' }

const roundTrip = (hex: string): string => bytesToHex(encodeTl(decodeTl(hexToBytes(hex))))
const example = (n: number): string => vectors.examples.find((entry) => entry.n === n)!.hex

describe('worked examples of wire.md §8', () => {
  test('there are 36', () => expect(vectors.examples).toHaveLength(36))
  for (const { n, what, hex } of vectors.examples) {
    test(`${n} ${what.slice(0, 60)}`, () => {
      expect(roundTrip(hex)).toBe(hex)
      // what is inside the frame packets is a boxed object too
      const outer = decodeTl(hexToBytes(hex))
      if (outer.type === 'tcp.query' || outer.type === 'tcp.packet' || outer.type === 'tcp.queryAnswer') {
        expect(encodeTl(decodeTl(outer.data))).toEqual(new Uint8Array(outer.data))
      }
    })
  }
})

describe('values of the worked examples', () => {
  const requestId = Uint8Array.from({ length: 32 }, (_, index) => index)
  const owner = 'UQAuz15H1ZHrZ_psVrAra7HealMIVeFq0wguqlmFno1f3B-m'

  test('5: client.connectToProxy', () => {
    const object = {
      type: 'client.connectToProxy',
      params: { clientOwnerAddress: owner, isTest: false, minProtoVersion: 1, maxProtoVersion: 2 },
      minConfigVersion: 87
    } as const
    expect(decodeTl(hexToBytes(example(5)))).toEqual(object)
    expect(bytesToHex(encodeTl(object))).toBe(example(5))
  })

  test('7: client.connectedToProxy', () => {
    const object = decodeTl(hexToBytes(example(7))) as TlValue<'client.connectedToProxy'>
    expect(object.params).toMatchObject({ isTest: false, protoVersion: 2 })
    expect(bytesToHex(object.params.proxyPublicKey)).toBe(
      '1cddc344e4ea001a119b6d27976e7056a29d6cc262d17bec92c8586cd3ab6fce'
    )
    expect(object.clientScAddress).toBe(owner)
    expect(object.auth).toMatchObject({ type: 'client.proxyConnectionAuthShort', nonce: 7n })
    expect(object.signedPayment).toEqual({ type: 'proxy.signedPaymentEmpty' })
  })

  test('15 and 16: an optional field is there exactly when its bit is', () => {
    const with15 = decodeTl(hexToBytes(example(15))) as TlValue<'client.runQueryEx'>
    expect(with15).toMatchObject({
      modelName: 'Qwen/Qwen3-8B',
      maxCoefficient: 4000,
      maxTokens: 1000,
      timeout: 114,
      requestId,
      minConfigVersion: 87,
      enableDebug: false
    })
    expect('publicKey' in with15).toBe(false)
    expect('enableDebug' in decodeTl(hexToBytes(example(16)))).toBe(false)
    const { enableDebug: _, ...without } = with15
    expect(bytesToHex(encodeTl(without))).toBe(example(16))
  })

  test('21: final info of protocol 2', () => {
    const part = decodeTl(hexToBytes(example(21))) as TlValue<'client.queryAnswerPartEx'>
    expect(part.finalInfo).toEqual({
      tokensUsed: {
        promptTokensUsed: 23n,
        cachedTokensUsed: 2n,
        completionTokensUsed: 90n,
        reasoningTokensUsed: 10n,
        totalTokensUsed: 125n
      },
      proxyStartTime: 1700000000.5,
      proxyEndTime: 1700000002.25,
      workerStartTime: 1700000000.75,
      workerEndTime: 1700000002
    })
  })

  test('35: vectors of bare objects', () => {
    expect(decodeTl(hexToBytes(example(35)))).toEqual({
      type: 'client.workerTypesV2',
      types: [{ name: 'Qwen/Qwen3-8B', workers: [{ coefficient: 1000, activeRequests: 3, maxActiveRequests: 60 }] }]
    })
  })
})

describe('padding of wire.md §8', () => {
  for (const { n, prefix, pad, total, head, tail } of vectors.padding) {
    test(`${n} bytes`, () => {
      const data = new Uint8Array(n).fill(0xaa)
      const hex = bytesToHex(encodeTl({ type: 'tcp.packet', data }))
      expect(hex).toBe(`f8ba179c${prefix}${'aa'.repeat(n)}${'00'.repeat(pad)}`)
      expect([hex.length / 2, hex.startsWith(head), hex.endsWith(tail)]).toEqual([total, true, true])
      expect(decodeTl(hexToBytes(hex))).toEqual({ type: 'tcp.packet', data })
    })
  }
})

describe('client.runQueryEx of v3.md §1.1', () => {
  const { fields, proto_1_or_2_flags_1: oldHex, proto_3_plus_flags_3_with_public_key: newHex } = vectors.runQueryEx
  const query: TlValue<'client.runQueryEx'> = {
    type: 'client.runQueryEx',
    modelName: fields.model_name,
    query: hexToBytes(fields.query_hex),
    maxCoefficient: fields.max_coefficient,
    maxTokens: fields.max_tokens,
    timeout: fields.timeout,
    requestId: hexToBytes(fields.request_id),
    minConfigVersion: fields.min_config_version,
    enableDebug: fields.enable_debug
  }

  test('protocol 1 and 2: flags 1', () => {
    expect(bytesToHex(encodeTl(query))).toBe(oldHex)
    expect(decodeTl(hexToBytes(oldHex))).toEqual(query)
  })

  test('protocol 3 and later: flags 3 with the key', () => {
    const keyed = { ...query, publicKey: hexToBytes(newHex.slice(-64)) }
    expect(bytesToHex(encodeTl(keyed))).toBe(newHex)
    expect(decodeTl(hexToBytes(newHex))).toEqual(keyed)
  })
})

describe('the shared collection', () => {
  const present = sharedPath('vectors/tl.json') !== undefined && sharedPath('vectors/e2e-v3.json') !== undefined
  test.skipIf(!present)(present ? 'equals the typed copy' : missingShared('vectors/tl.json'), () => {
    const shared = readSharedJson<{ examples: { n: number; hex: string }[] }>('vectors/tl.json').examples
    expect(vectors.examples.map(({ n, hex }) => ({ n, hex }))).toEqual(shared.map(({ n, hex }) => ({ n, hex })))
    expect(vectors.runQueryEx).toEqual(readSharedJson<{ runQueryEx: unknown }>('vectors/e2e-v3.json').runQueryEx)
  })
})
