/**
 * The ledger in IndexedDB, in headless Chromium: the cases that every store passes, two tabs that share a cap, and tabs that
 * are closed while they write.
 */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { STORE_CASES } from '../payments/channel/support/store-compliance.js'
import { chromiumPath, launchChromium, NO_CHROMIUM } from './chromium.js'
import type { LedgerPage } from './ledger-page.js'

const root = fileURLToPath(new URL('../../', import.meta.url))
const CAP_NANO = 2000
/** As the page has it. */
const LONG_RECORDS = 5000

async function bundlePage(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [`${root}test/browser/ledger-page.ts`],
    absWorkingDir: root,
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    target: 'es2023',
    tsconfigRaw: '{}',
    logLevel: 'error'
  })
  return outputFiles[0]!.text
}

describe.skipIf(chromiumPath === undefined)(
  `the IndexedDB store${chromiumPath === undefined ? ` (${NO_CHROMIUM})` : ''}`,
  () => {
    let server: Server
    let browser: Browser
    let context: BrowserContext
    let origin: string

    beforeAll(async () => {
      const script = await bundlePage()
      server = createServer((request, response) => {
        const isScript = request.url === '/page.js'
        response.writeHead(200, { 'content-type': isScript ? 'text/javascript' : 'text/html' })
        response.end(isScript ? script : '<!doctype html><script type="module" src="/page.js"></script>')
      })
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
      browser = await launchChromium()
    })
    // One storage a test: what tabs share is shared within a context.
    beforeEach(async () => {
      context = await browser.newContext()
    })
    afterEach(() => context?.close())
    afterAll(async () => {
      await browser?.close()
      server?.closeAllConnections()
      server?.close()
    })

    async function openTab(): Promise<Page> {
      const page = await context.newPage()
      await page.goto(origin)
      await page.waitForFunction(() => 'ledgerPage' in globalThis)
      return page
    }
    /** Calls a function of the page. */
    function call<N extends keyof LedgerPage>(
      page: Page,
      name: N,
      ...given: LedgerPage[N] extends (...values: infer V) => unknown ? V : []
    ): Promise<LedgerPage[N] extends (...values: never[]) => infer R ? Awaited<R> : never> {
      return page.evaluate(
        ([method, values]) =>
          (globalThis as unknown as { ledgerPage: Record<string, (...all: unknown[]) => unknown> }).ledgerPage[
            method as string
          ]!(...(values as unknown[])),
        [name, given] as const
      ) as never
    }

    it.each(STORE_CASES.map(({ name }) => name))('%s', async (name) => {
      expect(await call(await openTab(), 'runCase', name)).toBeUndefined()
    })

    it('two tabs on one ledger spend up to the cap together and not beyond', async () => {
      const tabs = [await openTab(), await openTab()]
      const had = await Promise.all(tabs.map((tab, index) => call(tab, 'spend', 'shared', `t${index}`, CAP_NANO)))
      // Both got something, and nothing more fits.
      for (const count of had) expect(count).toBeGreaterThan(0)
      const { total, reserved } = await call(await openTab(), 'totals', 'shared')
      expect(total).toBeLessThanOrEqual(CAP_NANO)
      expect(total).toBeGreaterThan(CAP_NANO - 10)
      expect(reserved).toBeGreaterThan(0)
    })

    it('a tab that is closed while it spends keeps what it was promised, and the other goes on', async () => {
      const [dying, living] = [await openTab(), await openTab()]
      void call(dying, 'spend', 'left', 'dying', 1_000_000).catch(() => undefined)
      await dying.waitForFunction(
        () => (globalThis as unknown as { ledgerPage: LedgerPage }).ledgerPage.promised() > 100
      )
      const promised = await call(dying, 'promised')
      await dying.close()
      // Of two promised ones the one counts 10 and the other 1 at least.
      const before = await call(living, 'totals', 'left')
      expect(before.total).toBeGreaterThanOrEqual(Math.floor(promised / 2) * 11)
      expect(before.reserved).toBe(before.open * 10)
      await call(living, 'spend', 'left', 'living', before.total + 500)
      const { total } = await call(living, 'totals', 'left')
      expect(total).toBeLessThanOrEqual(before.total + 500)
      expect(total).toBeGreaterThan(before.total + 490)
    })

    it('a tab that is closed in the middle of a transaction leaves nothing of it', async () => {
      const witness = await openTab()
      await call(witness, 'append', 'cut', ['a', 'b'])
      let nothing = 0
      let expected = { count: 2, first: ['a', 'b'] as readonly string[], archived: 0 }
      for (let round = 0; round < 4; round++) {
        const dying = await openTab()
        const isReplacing = round % 2 === 1
        await call(dying, 'beginLongAppend', 'cut', isReplacing)
        await dying.close()
        const after = await call(witness, 'look', 'cut')
        if (after.count === expected.count) {
          nothing++
          expect(after).toEqual(expected)
        } else if (isReplacing) {
          expect(after).toMatchObject({ count: LONG_RECORDS, archived: expected.archived + 10 })
        } else expect(after).toEqual({ ...expected, count: expected.count + LONG_RECORDS })
        expected = after
      }
      // The test must be able to see one.
      expect(nothing).toBeGreaterThan(0)
      expect(await call(witness, 'append', 'cut', ['c'])).toBe(expected.count + 1)
    })

    it('the lock is waited for, and freed by the end of the tab that holds it', async () => {
      const [holding, waiting] = [await openTab(), await openTab()]
      await call(holding, 'hold', 'locked')
      expect(await call(waiting, 'tryLook', 'locked', 200)).toBe('ERR_LEDGER_LOCKED')
      const patient = call(waiting, 'look', 'locked')
      await holding.close()
      expect(await patient).toEqual({ count: 0, first: [], archived: 0 })
    })

    it('takes over a database of the first version, and says so when such a tab is open', async () => {
      const [old, page] = [await openTab(), await openTab()]
      await call(page, 'makeOld', 'kept', ['x', 'y'], false)
      expect(await call(page, 'look', 'kept')).toEqual({ count: 2, first: ['x', 'y'], archived: 0 })
      await call(old, 'makeOld', 'busy', ['x'], true)
      expect(await call(page, 'tryLook', 'busy', 1000)).toBe('ERR_LEDGER')
      await old.close()
      expect(await call(page, 'look', 'busy')).toMatchObject({ count: 1 })
    })
  }
)
