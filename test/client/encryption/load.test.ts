/** Parts that cannot be loaded. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type * as Room from '../../../src/client/encryption/index.js'
import { FakeClock } from '../../support/fake-clock.js'
import { fakeBudget, fakeRequest } from '../../support/fake-sessions.js'
import { SeededRandom } from '../../support/seeded-random.js'
import { FakeTransport } from '../openai/fake-transport.js'

const MARK = '../../../src/client/encryption/mark-encrypted.js'
const CALL = '../../../src/client/encryption/encrypted-call.js'

let room: typeof Room
beforeEach(async () => {
  vi.resetModules()
  room = await import('../../../src/client/encryption/index.js')
})
afterEach(() => {
  vi.doUnmock(MARK)
  vi.doUnmock(CALL)
})

function unreachable(): never {
  throw new TypeError('test: failed to fetch dynamically imported module')
}

describe('a part that cannot be loaded', () => {
  it.each([
    ['a request that the caller encrypted', MARK, 'preferred'],
    ['a call that must be encrypted', CALL, 'required']
  ] as const)('sends nothing: %s', async (_name, part, mode) => {
    vi.doMock(part, unreachable)
    const inner = new FakeTransport({ parts: ['{}'] })
    const settings = { mode, keys: undefined, isTest: false, padTo: undefined }
    const transport = room.createEncryptingTransport(inner, {
      ...settings,
      clock: new FakeClock(),
      random: new SeededRandom()
    })
    const request = { ...fakeRequest(), networkPublicKey: new Uint8Array(32) }
    await expect(transport.send(() => request, fakeBudget())).rejects.toMatchObject({
      code: 'ERR_INTERNAL',
      charged: 'no'
    })
    expect(inner.requests).toEqual([])
  })
})
