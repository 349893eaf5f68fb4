/**
 * What the page measures. Bundled from the built package; runs in the browser.
 *
 * @module
 */
import { Cocoon, type NetworkEvent } from 'cocoonkit'
import { type DevnetDescription, fromDevnet } from 'cocoonkit/attestation'
import { relayDialer, solvePowInWorker } from 'cocoonkit/browser'

/** Where to connect. */
export interface Target {
  readonly description: DevnetDescription
  readonly relayUrl: string
}

/** Time between frames while something ran. */
export interface FrameFigures {
  readonly frames: number
  readonly p95Ms: number
  readonly maxMs: number
  /** Tasks of more than 50 ms, as the browser reports them. */
  readonly longTasks: number
}

/** A proof of work that was aborted after a while. */
export interface WorkFigures extends FrameFigures {
  readonly megahashesPerSecond: number
  readonly progressEvents: number
  readonly errorCode: string
}

function connect({ description, relayUrl }: Target, inWorker: boolean, onEvent: (event: NetworkEvent) => void): Cocoon {
  const runtime = { dialer: relayDialer({ url: relayUrl }), ...(inWorker ? { solvePow: solvePowInWorker } : {}) }
  return new Cocoon({ ...fromDevnet(description), runtime, maxPowDifficultyBits: 64, onEvent })
}

/** Watches frames and long tasks while `work` runs. */
async function watchFrames(work: () => Promise<unknown>): Promise<FrameFigures> {
  const gapsMs: number[] = []
  let longTasks = 0
  const observer = new PerformanceObserver((list) => (longTasks += list.getEntries().length))
  observer.observe({ type: 'longtask' })
  const state = { isRunning: true }
  const watching = (async () => {
    let before = await nextFrame()
    while (state.isRunning) {
      const now = await nextFrame()
      gapsMs.push(now - before)
      before = now
    }
  })()
  await work()
  state.isRunning = false
  await watching
  observer.disconnect()
  gapsMs.sort((a, b) => a - b)
  return {
    frames: gapsMs.length,
    p95Ms: gapsMs[Math.floor(gapsMs.length * 0.95)] ?? 0,
    maxMs: gapsMs.at(-1) ?? 0,
    longTasks
  }
}

/** Hashes per second between the two neighbouring events where it was highest: the others say how busy the machine was. */
function bestRate(progress: readonly { hashes: number; ms: number }[]): number {
  return Math.max(
    0,
    ...progress.slice(1).map(({ hashes, ms }, index) => {
      const before = progress[index]!
      return ((hashes - before.hashes) / (ms - before.ms)) * 1000
    })
  )
}

function nextFrame(): Promise<number> {
  return new Promise((resolve) => requestAnimationFrame(() => resolve(performance.now())))
}

const api = {
  /** Frames of an idle page. */
  idle: (forMs: number): Promise<FrameFigures> =>
    watchFrames(() => new Promise((resolve) => setTimeout(resolve, forMs))),

  /** Frames while a proof of work runs that nobody finishes. */
  async work(target: Target, forMs: number, inWorker: boolean): Promise<WorkFigures> {
    const progress: { hashes: number; ms: number }[] = []
    const cocoon = connect(target, inWorker, (event) => {
      if (event.type === 'pow-progress') progress.push(event)
    })
    const controller = new AbortController()
    let errorCode = 'none'
    const frames = await watchFrames(async () => {
      const timer = setTimeout(() => controller.abort(), forMs)
      await cocoon.market({ signal: controller.signal }).catch((error: { code: string }) => (errorCode = error.code))
      clearTimeout(timer)
    })
    await cocoon.close()
    return { ...frames, megahashesPerSecond: bestRate(progress) / 1e6, progressEvents: progress.length, errorCode }
  },

  /** Connects once, up to an authorised session; milliseconds of each step. */
  async connect(target: Target, inWorker: boolean): Promise<Record<string, number>> {
    const stepsMs: Record<string, number> = {}
    const cocoon = connect(target, inWorker, (event) => {
      if (event.type === 'phase') stepsMs[event.phase] = event.ms
    })
    await cocoon.market()
    await cocoon.close()
    return stepsMs
  }
}

/** What a test calls. */
export type FiguresPage = typeof api

Object.assign(globalThis, { figures: api })
