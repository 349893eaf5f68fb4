/**
 * Connecting from a page, measured in headless Chromium: does the proof of work cost frames, how fast is it, how long does
 * the handshake take. The figures are printed and kept in .cache/browser-figures.json; what is asserted leaves room for a
 * machine that others use as well.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { availableParallelism, loadavg } from 'node:os'
import { fileURLToPath } from 'node:url'
import { type Devnet, startDevnet } from 'cocoonkit/devnet'
import { type Relay, startRelay } from 'cocoonkit/relay'
import { build } from 'esbuild'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { chromiumPath, launchChromium, NO_CHROMIUM } from './chromium.js'
import type { FiguresPage, FrameFigures, Target, WorkFigures } from './figures-page.js'

const root = fileURLToPath(new URL('../../', import.meta.url))
const MEASURED_MS = 2000
const HANDSHAKES = 9
/** A busy machine drops frames by itself, code that blocks drops them in every run: one good run decides. */
const ATTEMPTS = 5
/** Blocking code makes dozens in the measured time; one or two are a machine that took the core away. */
const MOST_LONG_TASKS = 2
/** A frame at 60 Hz. */
const FRAME_MS = 16.7

/** One bundle, minified as an application would have it. Fails when a Node built-in got into the graph. */
async function bundlePage(): Promise<ReadonlyMap<string, string>> {
  const result = await build({
    entryPoints: { page: `${root}test/browser/figures-page.ts` },
    absWorkingDir: root,
    bundle: true,
    minify: true,
    splitting: true,
    outdir: 'out',
    write: false,
    format: 'esm',
    platform: 'browser',
    target: 'es2023',
    tsconfigRaw: '{}',
    logLevel: 'error',
    metafile: true
  })
  expect(Object.keys(result.metafile.inputs).filter((path) => path.startsWith('node:'))).toEqual([])
  const files = new Map(result.outputFiles.map(({ path, text }) => [path.slice(path.lastIndexOf('/')), text]))
  expect(files.get('/page.js')).not.toMatch(/\bBuffer\.(from|alloc|concat)\b/)
  return files
}

describe.skipIf(chromiumPath === undefined)(`figures${chromiumPath === undefined ? ` (${NO_CHROMIUM})` : ''}`, () => {
  const figures: Record<string, unknown> = {}
  let easy: Devnet
  let hard: Devnet
  let relay: Relay
  let server: Server
  let browser: Browser
  let page: Page
  let origin: string

  beforeAll(async () => {
    const scripts = await bundlePage()
    server = createServer((request, response) => {
      const script = scripts.get(request.url ?? '')
      const policy = request.url === '/strict' ? "default-src 'self'; connect-src ws://127.0.0.1:*" : ''
      response.writeHead(200, {
        'content-type': script === undefined ? 'text/html' : 'text/javascript',
        ...(policy === '' ? {} : { 'content-security-policy': policy })
      })
      response.end(script ?? '<!doctype html><script type="module" src="/page.js"></script>')
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    // As hard as the real network asks for, and harder than anybody waits.
    easy = await startDevnet({ difficultyBits: 20 })
    hard = await startDevnet({ difficultyBits: 48 })
    relay = await startRelay({ targets: [...easy.network.proxies, ...hard.network.proxies], origins: [origin] })
    browser = await launchChromium()
    page = await browser.newPage()
    await page.goto(origin)
    await ready()
  })

  afterAll(async () => {
    await browser?.close()
    server?.closeAllConnections()
    server?.close()
    await relay?.close()
    await easy?.close()
    await hard?.close()
    if (Object.keys(figures).length === 0) return
    figures['machine'] = { cores: availableParallelism(), loadAverage: loadavg()[0] }
    mkdirSync(`${root}.cache`, { recursive: true })
    writeFileSync(`${root}.cache/browser-figures.json`, `${JSON.stringify(figures, null, 2)}\n`)
    console.log(`browser figures: ${JSON.stringify(figures)}`)
  })

  const ready = (): Promise<unknown> => page.waitForFunction(() => 'figures' in globalThis)
  const targetOf = (devnet: Devnet): Target => ({ description: devnet.describe(), relayUrl: relay.url })

  it.each([
    ['on the thread of the page', false],
    ['in a Web Worker', true]
  ])('solves %s without dropping frames, and tells how far it is', async (name, inWorker) => {
    let best: { idle: FrameFigures; work: WorkFigures } | undefined
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const idle = await page.evaluate(
        (forMs) => (globalThis as unknown as { figures: FiguresPage }).figures.idle(forMs),
        MEASURED_MS
      )
      const work = await page.evaluate(
        ([target, forMs, worker]) =>
          (globalThis as unknown as { figures: FiguresPage }).figures.work(target, forMs, worker),
        [targetOf(hard), MEASURED_MS, inWorker] as const
      )
      expect(work.errorCode).toBe('ERR_ABORTED')
      expect(work.progressEvents).toBeGreaterThan(2)
      if (best === undefined || work.p95Ms < best.work.p95Ms) best = { idle, work }
      if (work.p95Ms < idle.p95Ms + FRAME_MS / 2 && work.longTasks === 0) break
    }
    figures[`proof of work ${name}`] = best
    expect(best!.work.longTasks).toBeLessThanOrEqual(MOST_LONG_TASKS)
    expect(best!.work.p95Ms).toBeLessThan(best!.idle.p95Ms + FRAME_MS)
    expect(best!.work.megahashesPerSecond).toBeGreaterThan(0.2)
  })

  it('connects with 20 bits of work; handshake times', async () => {
    const samples: Record<string, number>[] = []
    for (let count = 0; count < HANDSHAKES; count++) {
      samples.push(
        await page.evaluate(
          (target) => (globalThis as unknown as { figures: FiguresPage }).figures.connect(target, false),
          targetOf(easy)
        )
      )
    }
    const sorted = (step: string): number[] => samples.map((sample) => sample[step] ?? NaN).toSorted((a, b) => a - b)
    const summary = (step: string): object => ({ medianMs: sorted(step)[HANDSHAKES >> 1], minMs: sorted(step)[0] })
    figures['connection'] = { tls: summary('tls'), attestation: summary('attestation'), pow: summary('pow') }
    expect(sorted('tls')[0]).toBeLessThan(100)
  })

  it('falls back to the thread of the page where workers from blobs are forbidden', async () => {
    await page.goto(`${origin}/strict`)
    await ready()
    const steps = await page.evaluate(
      (target) => (globalThis as unknown as { figures: FiguresPage }).figures.connect(target, true),
      targetOf(easy)
    )
    expect(steps['attestation']).toBeGreaterThan(0)
  })
})
