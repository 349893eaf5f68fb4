/** @module */
import { describe, expect, it } from 'vitest'

import { loadPart } from '../../../src/client/openai/load-part.js'
import { CocoonError } from '../../../src/errors.js'

describe('loadPart', () => {
  it('gives the part', async () => {
    expect(await loadPart(() => Promise.resolve(1))).toBe(1)
  })

  it('says in a typed error that nothing was sent, and tries again', async () => {
    const cause = new TypeError('Failed to fetch dynamically imported module')
    let isOffline = true
    const load = (): Promise<string> => (isOffline ? Promise.reject(cause) : Promise.resolve('part'))
    const error: unknown = await loadPart(load).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(CocoonError)
    expect(error).toMatchObject({ code: 'ERR_INTERNAL', phase: 'request', charged: 'no', cause })
    isOffline = false
    expect(await loadPart(load)).toBe('part')
  })
})
