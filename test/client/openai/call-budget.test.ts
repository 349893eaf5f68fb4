import { describe, expect, it } from 'vitest'

import { createCallBudget } from '../../../src/client/openai/index.js'
import { FakeClock } from '../../support/fake-clock.js'

describe('createCallBudget', () => {
  it('counts down and fires once', async () => {
    const clock = new FakeClock()
    const budget = createCallBudget({ clock, timeoutMs: 100 })
    await clock.advance(40)
    expect(budget.remainingMs()).toBe(60)
    await clock.advance(100)
    expect(budget.remainingMs()).toBe(0)
    expect(budget.signal.reason).toMatchObject({ code: 'ERR_TIMEOUT' })
    expect(clock.pendingTimers).toBe(0)
  })

  it('takes over the signal, before and after its start', () => {
    const clock = new FakeClock()
    const controller = new AbortController()
    const budget = createCallBudget({ clock, timeoutMs: 100, signal: controller.signal })
    controller.abort('why')
    expect(budget.signal.reason).toMatchObject({ code: 'ERR_ABORTED', cause: 'why' })
    expect(createCallBudget({ clock, timeoutMs: 1, signal: controller.signal }).signal.aborted).toBe(true)
    expect(clock.pendingTimers).toBe(0)
  })

  it('never fires after its release', async () => {
    const clock = new FakeClock()
    const controller = new AbortController()
    const budget = createCallBudget({ clock, timeoutMs: 100, signal: controller.signal })
    budget.release()
    budget.release()
    controller.abort()
    await clock.advance(200)
    expect(budget.signal.aborted).toBe(false)
  })

  it('refuses what is no duration', () => {
    for (const timeoutMs of [0, -1, Number.NaN, '5' as unknown as number]) {
      expect(() => createCallBudget({ clock: new FakeClock(), timeoutMs })).toThrow('timeoutMs')
    }
    expect(createCallBudget({ clock: new FakeClock(), timeoutMs: Infinity }).remainingMs()).toBe(2 ** 31 - 1)
  })
})
