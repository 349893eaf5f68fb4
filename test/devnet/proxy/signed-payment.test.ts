import { Cell } from '@ton/core'
import nacl from 'tweetnacl'
import { describe, expect, it } from 'vitest'
import { bytesToHex, hexToBytes } from '../../../src/encoding/index.js'
import { createSignedPayment } from '../../../src/devnet/proxy/signed-payment.js'

// contracts.md §6: synthetic example, and real bytes of the reference proxy.
const SYNTHETIC =
  'b5ee9c720101020100a90001dbbb63ff93010203040506070880103b6331cb72a585cf39d150bfe2ae1c205c2e25076842f236a0904bd196d800247b16b356edc1376f0662504aefac32638f0290768078593714775609bb6cf16ca6e09fa60c3e9b8abb597e5b80dd3fe07f68c0779a17523dd1780b83d9d1c03001006bbb63ff9301020304050607080000000000000cd08011f0d37a59f08fe17d3007d95916d4aee4420c2c562efb8b7bb66b733ceea87830'
const REAL =
  'b5ee9c720101020100a90001dbbb63ff933a0d289fe26aa04f8002e34ad0278342595f291a3820c55e978049cbde922b93153380ccc585426a64358c3b1e7de964fd3140b605956835ed840dbcbcb9833413e801f7eb7b48f47a01ba9a437a829a2a033beeddc782ab58ecc222b28ea5134651599abb713c97a09001006bbb63ff933a0d289fe26aa04f00000000000003e8800c9a8848828013eb5f99b1f488f40f07857f161d89c915607e2112a0cb2c8eca50'

function addresses(boc: string) {
  const root = Cell.fromBoc(Buffer.from(boc, 'hex'))[0]
  const outer = root?.beginParse()
  const inner = outer?.loadRef().beginParse()
  outer?.skip(32 + 64)
  inner?.skip(32 + 64 + 64)
  const excess = outer?.loadAddress()
  const client = inner?.loadAddress()
  if (excess === undefined || client === undefined || outer === undefined) throw new Error('bad example')
  const signature = outer.loadBuffer(64)
  return {
    excess: { workchain: 0, hash: new Uint8Array(excess.hash) },
    client: { workchain: 0, hash: new Uint8Array(client.hash) },
    signature,
    payloadHash: root?.refs[0]?.hash() ?? Buffer.alloc(0)
  }
}

describe('createSignedPayment', () => {
  it('makes the bytes of the sheet', () => {
    const { excess, client } = addresses(SYNTHETIC)
    const seed = new Uint8Array(32).fill(7)
    const data = createSignedPayment({
      queryId: 0x0102030405060708n,
      tokens: 3280n,
      clientContract: client,
      excess,
      seed
    })
    expect(bytesToHex(data)).toBe(SYNTHETIC)
  })

  it('has the layout of the real message, whose signature is over the payload hash', () => {
    const { excess, client, signature, payloadHash } = addresses(REAL)
    const key = hexToBytes('559087582b7e5ea2b2b986c258e0067b806a59b154e955decf00429610eab095')
    expect(nacl.sign.detached.verify(new Uint8Array(payloadHash), new Uint8Array(signature), key)).toBe(true)
    const seed = new Uint8Array(32).fill(1)
    const data = createSignedPayment({
      queryId: 0x3a0d289fe26aa04fn,
      tokens: 1000n,
      clientContract: client,
      excess,
      seed
    })
    const ours = addresses(bytesToHex(data))
    expect(ours.payloadHash.equals(payloadHash)).toBe(true)
    expect(data.length).toBe(REAL.length / 2)
  })
})
