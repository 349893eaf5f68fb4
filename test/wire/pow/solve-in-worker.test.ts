/** The solver in a Web Worker: its own script run in place, and a scripted worker for what takes too long to happen. */
import { resolveObjectURL } from 'node:buffer'
import { runInNewContext } from 'node:vm'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { verifyPow } from '../../../src/wire/pow/index.js'
import { swapBytes } from '../../../src/wire/pow/sha256.js'
import { solvePowInWorker as original } from '../../../src/wire/pow/solve-in-worker.js'
import { SeededRandom } from '../../support/seeded-random.js'

type Solve = typeof original
type Listener = (event: unknown) => void

interface Job {
  readonly first: number
  readonly message: Int32Array
  readonly module: unknown
}

/** What a test may do with the worker that was made last. */
class FakeWorker {
  static last: FakeWorker | undefined
  readonly source: Promise<string>
  readonly jobs: Job[] = []
  readonly listeners = new Map<string, Listener>()
  isTerminated = false
  onJob: ((job: Job) => void) | undefined

  constructor(url: string) {
    this.source = resolveObjectURL(url)!.text()
    FakeWorker.last = this
  }
  addEventListener(type: string, listener: Listener): void {
    this.listeners.set(type, listener)
  }
  postMessage(job: Job): void {
    this.jobs.push(job)
    this.onJob?.(job)
  }
  terminate(): void {
    this.isTerminated = true
  }
  emit(type: string, event: object): void {
    this.listeners.get(type)?.(event)
  }
  note(hashes: number, isHit: boolean): void {
    this.emit('message', { data: { hashes, isHit } })
  }
}

/** Runs the script that it was given, as a browser would. */
class RunningWorker extends FakeWorker {
  constructor(url: string) {
    super(url)
    let onMessage: Listener = () => undefined
    const scope = {
      addEventListener: (_type: string, listener: Listener) => void (onMessage = listener),
      postMessage: ({ hashes, isHit }: { hashes: number; isHit: boolean }) =>
        void setImmediate(() => this.note(hashes, isHit))
    }
    const ready = this.source.then((source) => {
      runInNewContext(source, { self: scope, WebAssembly, performance, Int32Array })
    })
    this.onJob = (job) => void ready.then(() => onMessage({ data: job }))
  }
}

beforeEach(() => void vi.stubGlobal('Worker', FakeWorker))
afterEach(() => void vi.unstubAllGlobals())

const salt = new SeededRandom(5).bytes(16)
const fallback = vi.fn(() => Promise.resolve(-1n))
beforeEach(() => void fallback.mockClear())

/** A search whose worker the test plays. */
async function scripted(
  difficultyBits: number,
  signal?: AbortSignal
): Promise<{ readonly worker: FakeWorker; readonly solving: Promise<bigint>; readonly progress: number[] }> {
  const progress: number[] = []
  const onProgress = (hashes: number): void => void progress.push(hashes)
  const solving = original({ difficultyBits, salt }, { signal, onProgress, fallback })
  solving.catch(() => undefined)
  await vi.waitFor(() => expect(FakeWorker.last?.jobs).toHaveLength(1))
  const worker = FakeWorker.last!
  FakeWorker.last = undefined
  return { worker, solving, progress }
}

describe('the script of the worker', () => {
  const smallest = (difficultyBits: number): bigint => {
    let nonce = 0n
    while (!verifyPow({ difficultyBits, salt }, nonce)) nonce++
    return nonce
  }

  test.each([0, 1, 13])('finds the smallest nonce for %i bits', async (difficultyBits) => {
    vi.stubGlobal('Worker', RunningWorker)
    const nonce = await original({ difficultyBits, salt }, { signal: undefined, onProgress: undefined, fallback })
    expect(nonce).toBe(smallest(difficultyBits))
    expect(FakeWorker.last).toMatchObject({ isTerminated: true })
    expect(FakeWorker.last!.jobs[0]!.module).toBeInstanceOf(WebAssembly.Module)
  })

  test('does so where WebAssembly is refused', async () => {
    vi.stubGlobal('Worker', RunningWorker)
    vi.stubGlobal('WebAssembly', { compile: () => Promise.reject(new Error('policy')) })
    vi.resetModules()
    const fresh = (await import('../../../src/wire/pow/solve-in-worker.js')) as { solvePowInWorker: Solve }
    const nonce = await fresh.solvePowInWorker(
      { difficultyBits: 13, salt },
      { signal: undefined, onProgress: undefined, fallback }
    )
    expect(nonce).toBe(smallest(13))
    expect(FakeWorker.last!.jobs[0]!.module).toBeUndefined()
  })
})

describe('a search', () => {
  test('goes on with the next upper half of the nonces', async () => {
    const { worker, progress } = await scripted(50)
    worker.note(65_536, false)
    expect(worker.jobs).toHaveLength(1)
    worker.note(2 ** 32, false)
    expect(worker.jobs.at(-1)).toMatchObject({ first: 2 ** 32 })
    expect(worker.jobs.at(-1)!.message[5]).toBe(swapBytes(1))
    expect(progress).toEqual([65_536, 2 ** 32])
  })

  test('goes on behind what looked like a hit, also at the end of a half', async () => {
    const { worker } = await scripted(64)
    worker.note(7, true)
    expect(worker.jobs.at(-1)).toMatchObject({ first: 7 })
    worker.note(2 ** 32, true)
    expect(worker.jobs.at(-1)).toMatchObject({ first: 2 ** 32 })
    expect(worker.jobs.at(-1)!.message[5]).toBe(swapBytes(1))
    expect(worker.isTerminated).toBe(false)
  })

  test('ends with its signal', async () => {
    const controller = new AbortController()
    const { worker, solving, progress } = await scripted(30, controller.signal)
    controller.abort()
    await expect(solving).rejects.toMatchObject({ code: 'ERR_ABORTED', phase: 'pow' })
    expect(worker.isTerminated).toBe(true)
    worker.note(5, false)
    worker.emit('error', { preventDefault: () => undefined })
    expect(progress).toEqual([])
    expect(fallback).not.toHaveBeenCalled()
  })

  test('goes back to this thread, once, when the worker fails', async () => {
    const { worker, solving } = await scripted(30)
    const event = { preventDefault: vi.fn() }
    worker.emit('error', event)
    worker.emit('messageerror', event)
    expect(await solving).toBe(-1n)
    expect(fallback).toHaveBeenCalledTimes(1)
    expect(worker.isTerminated).toBe(true)
  })

  test('stays on this thread where no worker can be had', async () => {
    vi.stubGlobal('Worker', undefined)
    expect(await original({ difficultyBits: 1, salt }, { signal: undefined, onProgress: undefined, fallback })).toBe(
      -1n
    )
    vi.stubGlobal(
      'Worker',
      vi.fn(function refuse() {
        throw new Error('policy')
      })
    )
    expect(await original({ difficultyBits: 1, salt }, { signal: undefined, onProgress: undefined, fallback })).toBe(
      -1n
    )
  })
})
