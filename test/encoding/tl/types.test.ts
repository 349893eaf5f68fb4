import { test, expectTypeOf } from 'vitest'
import type { TlObject, TlObjectName, TlValue } from '../../../src/encoding/tl/index.js'

test('types follow from the schema text', () => {
  expectTypeOf<TlValue<'tcp.query'>>().toEqualTypeOf<{
    readonly type: 'tcp.query'
    readonly id: bigint
    readonly data: Uint8Array
  }>()
  expectTypeOf<TlValue<'client.params'>>().toEqualTypeOf<{
    readonly clientOwnerAddress: string
    readonly isTest?: boolean | undefined
    readonly minProtoVersion?: number | undefined
    readonly maxProtoVersion?: number | undefined
  }>()
  expectTypeOf<TlValue<'client.runQueryEx'>['publicKey']>().toEqualTypeOf<Uint8Array | undefined>()
  expectTypeOf<TlValue<'client.workerTypesV2'>['types']>().toEqualTypeOf<
    ReadonlyArray<{
      readonly name: string
      readonly workers: ReadonlyArray<{
        readonly coefficient: number
        readonly activeRequests: number
        readonly maxActiveRequests: number
      }>
    }>
  >()
  expectTypeOf<TlValue<'client.connectedToProxy'>['auth']['type']>().toEqualTypeOf<
    'client.proxyConnectionAuthShort' | 'client.proxyConnectionAuthLong'
  >()
  expectTypeOf<TlValue<'client.getWorkerTypes'>>().toEqualTypeOf<{ readonly type: 'client.getWorkerTypes' }>()
  expectTypeOf<TlObject['type']>().toEqualTypeOf<TlObjectName>()
  expectTypeOf<
    Extract<TlObjectName, 'client.params' | 'tokensUsed' | 'http.header' | 'boolTrue'>
  >().toEqualTypeOf<never>()
  expectTypeOf<Extract<TlObjectName, 'http.request' | 'tcp.connect'>>().toEqualTypeOf<'http.request' | 'tcp.connect'>()
})
