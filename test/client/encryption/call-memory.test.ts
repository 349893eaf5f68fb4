import { describe, expect, it } from 'vitest'

import { CallMemory } from '../../../src/client/encryption/call-memory.js'

const keys = ['a', 'b', 'c'].map((name) => ({ publicKey: name.repeat(64), expiresAtUnix: 1 }))
const [a, b, c] = keys as [(typeof keys)[0], (typeof keys)[0], (typeof keys)[0]]

describe('CallMemory', () => {
  it('remembers for each proxy alone which key it does not know', () => {
    const memory = new CallMemory()
    memory.see(keys)
    memory.note('one:1', a, false)
    expect(memory.choose(keys, 'one:1', new Set())).toBe(b)
    expect(memory.choose(keys, 'two:1', new Set())).toBe(a)
    memory.note('one:1', a, true)
    expect(memory.choose(keys, 'one:1', new Set())).toBe(a)
  })

  it('offers what it thinks unknown when nothing else is left, but nothing twice in one call', () => {
    const memory = new CallMemory()
    memory.see(keys)
    for (const key of keys) memory.note('one:1', key, false)
    expect(memory.choose(keys, 'one:1', new Set())).toBe(a)
    expect(memory.choose(keys, 'one:1', new Set([a, b]))).toBe(c)
    expect(memory.choose(keys, 'one:1', new Set(keys))).toBeUndefined()
    expect(memory.choose([], 'one:1', new Set())).toBeUndefined()
  })

  it('forgets when the list of keys is another', () => {
    const memory = new CallMemory()
    memory.see(keys)
    memory.note('one:1', a, false)
    memory.see([...keys])
    expect(memory.choose(keys, 'one:1', new Set())).toBe(b)
    memory.see([a, b])
    expect(memory.choose([a, b], 'one:1', new Set())).toBe(a)
  })
})
