import { describe, expect, it, vi } from 'vitest'

import { encryptRequest, networkKeyPair } from '../../src/envelope/index.js'
import { agreeAnew } from '../../src/envelope/key-agreement.js'
import { agree, publicKeyOf } from '../../src/envelope/seeded-agreement.js'
import { toEdwards, toMontgomery } from '../../src/envelope/montgomery.js'

const randomBytes = (length: number): Uint8Array<ArrayBuffer> => crypto.getRandomValues(new Uint8Array(length))

describe('agreeAnew', () => {
  it('makes keys that the other side agrees with, with either sign', async () => {
    const signs = new Set<number>()
    for (let run = 0; run < 24; run++) {
      const seed = randomBytes(32)
      const made = await agreeAnew(await publicKeyOf(seed))
      expect(made?.shared).toEqual(await agree(seed, made!.publicKey))
      signs.add(made!.publicKey[31]! & 0x80)
    }
    expect(signs.size).toBe(2)
  })

  it('leaves keys of small order to the way that names them', async () => {
    // y = 0 and y = −1: points of order 4 and 2.
    const minusOne = Uint8Array.from({ length: 32 }, (_, index) => (index === 0 ? 0xec : index === 31 ? 0x7f : 0xff))
    for (const receiverPublicKey of [new Uint8Array(32), minusOne]) {
      expect(await agreeAnew(receiverPublicKey)).toBeUndefined()
      await expect(encryptRequest({ model: 'm' }, { receiverPublicKey })).rejects.toMatchObject({
        code: 'ERR_ENVELOPE_KEY',
        message: expect.stringContaining('small order')
      })
    }
  })

  it('falls back to a seed where WebCrypto has no X25519', async () => {
    const network = await networkKeyPair(randomBytes(32))
    const generate = vi.spyOn(crypto.subtle, 'generateKey').mockRejectedValue(new Error('not supported'))
    try {
      const { body } = await encryptRequest({ model: 'm' }, { receiverPublicKey: network.publicKey })
      expect(body['sender_public_key']).toMatch(/^[0-9a-f]{64}$/)
      expect(generate).toHaveBeenCalled()
    } finally {
      generate.mockRestore()
    }
  })
})

describe('toEdwards', () => {
  it('is the way back of toMontgomery', async () => {
    for (let run = 0; run < 50; run++) {
      const publicKey = await publicKeyOf(randomBytes(32))
      const back = toEdwards(toMontgomery(publicKey))
      publicKey[31]! &= 0x7f
      expect(back).toEqual(publicKey)
    }
  })
})
