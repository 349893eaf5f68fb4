import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { hexToBytes } from '../../src/encoding/index.js'
import {
  decryptAnswer,
  decryptRequest,
  encryptAnswer,
  encryptRequest,
  EnvelopeError,
  networkKeyPair
} from '../../src/envelope/index.js'

const numRuns = Number(process.env['FC_NUM_RUNS'] ?? 25)
const network = await networkKeyPair(new Uint8Array(32).fill(7))
const random = { bytes: (length: number) => crypto.getRandomValues(new Uint8Array(length)) }

const name = fc.string().map((text) => `n${text}`)
const value = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.string({ unit: 'grapheme' }),
    fc.string({ unit: 'binary' }),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => (Object.is(number, -0) ? 0 : number)),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(name, tie('value'), { maxKeys: 4, noNullPrototype: true })
  )
})).value
const body = fc.dictionary(name, value, { maxKeys: 5, noNullPrototype: true })

describe('envelope', () => {
  it('gives back what it took, both ways', async () => {
    await fc.assert(
      fc.asyncProperty(body, fc.constantFrom(16, 64, 240), async (plain, padTo) => {
        const { body: sealed, senderKey } = await encryptRequest(plain, { receiverPublicKey: network.publicKey, padTo })
        const { body: opened, senderPublicKey } = await decryptRequest(JSON.parse(JSON.stringify(sealed)), network.seed)
        expect(opened).toEqual(plain)
        const answer = await encryptAnswer(plain, network, senderPublicKey, random)
        expect(await decryptAnswer(JSON.stringify(answer), { senderKey })).toEqual(plain)
      }),
      { numRuns }
    )
  })

  it('refuses any change of any string with a typed error', async () => {
    const { senderKey } = await encryptRequest({}, { receiverPublicKey: network.publicKey })
    const answer = JSON.stringify(
      await encryptAnswer({ a: 'first', b: ['second'] }, network, hexToBytes(senderKey.publicKey), random)
    )
    const places = [...answer.matchAll(/ENC_[0-9a-f]+/g)].flatMap(({ index, 0: text }) =>
      Array.from(text, (_, at) => index + at)
    )
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...places),
        fc.constantFrom(...Array.from('0123456789abcdefEDNC_x')),
        async (place, character) => {
          fc.pre(answer[place]!.toLowerCase() !== character.toLowerCase())
          const altered = answer.slice(0, place) + character + answer.slice(place + 1)
          await expect(decryptAnswer(altered, { senderKey })).rejects.toBeInstanceOf(EnvelopeError)
        }
      ),
      { numRuns }
    )
  })

  it('meets any JSON with a typed error', async () => {
    const { senderKey } = await encryptRequest({}, { receiverPublicKey: network.publicKey })
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.json(),
          fc.string(),
          body.map((plain) => JSON.stringify({ ...plain, is_encrypted: 'v1' }))
        ),
        async (json) => {
          await expect(decryptAnswer(json, { senderKey })).rejects.toBeInstanceOf(EnvelopeError)
        }
      ),
      { numRuns }
    )
  })
})
