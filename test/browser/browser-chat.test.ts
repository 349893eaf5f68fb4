/**
 * examples/browser-chat as a reader uses it: built by Vite, in headless Chromium, with the mouse and with the keyboard.
 */
import { spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { chromiumPath, launchChromium, NO_CHROMIUM } from './chromium.js'
import { hasWebsockify, NO_WEBSOCKIFY, startWebsockify } from './websockify.js'

const root = fileURLToPath(new URL('../../', import.meta.url))
const artefacts = `${root}.cache/browser-chat`

/** The part of examples/browser-chat/server.mjs that is used; it is plain JavaScript. */
interface BrowserChat {
  readonly url: string
  readonly devnet: { readonly network: { readonly proxies: readonly string[] } }
  readonly relay: { readonly connections: number }
  close(): Promise<void>
}

describe.skipIf(chromiumPath === undefined)(
  `browser-chat${chromiumPath === undefined ? ` (${NO_CHROMIUM})` : ''}`,
  () => {
    let chat: BrowserChat
    let browser: Browser
    let page: Page
    const problems: string[] = []

    beforeAll(async () => {
      mkdirSync(artefacts, { recursive: true })
      const { startBrowserChat } = await import(`${root}examples/browser-chat/server.mjs`)
      chat = await startBrowserChat({ outDir: `${artefacts}/dist`, devnet: { tokenDelayMs: 5 } })
      browser = await launchChromium()
    })

    afterAll(async () => {
      await browser?.close()
      await chat?.close()
    })

    afterEach(async () => {
      await page.context().close()
      expect(problems.splice(0)).toEqual([])
    })

    async function open(options: Parameters<Browser['newContext']>[0] = {}, url = chat.url): Promise<void> {
      const context = await browser.newContext({
        viewport: { width: 960, height: 720 },
        colorScheme: 'light',
        ...options
      })
      page = await context.newPage()
      page.on('pageerror', (error) => problems.push(String(error)))
      page.on('console', (message) => {
        if (message.type() === 'error') problems.push(message.text())
      })
      await page.goto(url)
      await page.waitForFunction(() => (document.querySelector('#model') as HTMLInputElement | null)?.value !== '')
    }

    const lastAnswer = (): Promise<string | null> => page.locator('#log .assistant .text').last().textContent()

    it('streams an answer after a click, attested in the page, and opens the report', async () => {
      await open()
      await page.fill('#prompt', 'Who can read this?')
      await page.click('#send')
      // Half an answer is on the page while the rest is still to come.
      await page.waitForFunction(() => {
        const answer = document.querySelector('#log .assistant[aria-busy] .text')
        return (answer?.textContent?.length ?? 0) > 5
      })
      await page.waitForSelector('#log .assistant:not([aria-busy])')
      expect(await lastAnswer()).toMatch(/not a language model.*Who can read this\?$/s)
      expect(await page.textContent('#log .assistant .note')).toMatch(/first token \d+ ms · \d+ tokens · [\d.e-]+ TON/)
      expect(await page.textContent('#badge-text')).toBe('Attested: Intel TDX of a devnet')
      expect(chat.relay.connections).toBe(1)
      await page.screenshot({ path: `${artefacts}/chat-light.png` })

      await page.click('#badge')
      const report = page.locator('#report[open]')
      expect(await report.locator('.verdict').textContent()).toMatch(
        /^Verified: Intel TDX, \d+ checks passed, 0 failed$/
      )
      expect(await report.locator('.checks li[data-outcome=fail]').count()).toBe(0)
      expect(await report.locator('.checks li[data-outcome=pass]').count()).toBeGreaterThan(20)
      expect(await report.locator('.residuals li').count()).toBeGreaterThan(0)
      await page.screenshot({ path: `${artefacts}/report-light.png` })
      await page.keyboard.press('Escape')
      expect(await report.count()).toBe(0)
      // The focus goes back to where the reader was.
      expect(await page.evaluate(() => document.activeElement?.id)).toBe('badge')
    })

    it('can be used with the keyboard alone, in the dark', async () => {
      await open({ colorScheme: 'dark' })
      expect(await page.evaluate(() => document.activeElement?.id)).toBe('prompt')
      await page.keyboard.type('By keyboard')
      await page.keyboard.press('Enter')
      await page.waitForSelector('#log .assistant:not([aria-busy])')
      expect(await lastAnswer()).toMatch(/By keyboard$/)
      await page.keyboard.type('line one')
      await page.keyboard.press('Shift+Enter')
      await page.keyboard.type('line two')
      expect(await page.inputValue('#prompt')).toBe('line one\nline two')
      await page.screenshot({ path: `${artefacts}/chat-dark.png` })
      const dark = await page.evaluate(() => getComputedStyle(document.body).backgroundColor)
      await page.click('#theme')
      const light = await page.evaluate(() => getComputedStyle(document.body).backgroundColor)
      expect(light).not.toBe(dark)
      expect(await page.getAttribute('#theme', 'aria-pressed')).toBe('false')
    })

    it('names every control', async () => {
      await open()
      const nameless = await page.evaluate(() =>
        [...document.querySelectorAll('button, input, textarea, progress, dialog')].flatMap((element) => {
          const labels = 'labels' in element ? ((element as HTMLInputElement).labels?.length ?? 0) : 0
          const named =
            labels > 0 ||
            element.hasAttribute('aria-label') ||
            element.hasAttribute('aria-labelledby') ||
            (element.tagName === 'BUTTON' && element.textContent?.trim() !== '')
          return named ? [] : [element.outerHTML]
        })
      )
      expect(nameless).toEqual([])
    })

    it('refuses a peer whose image is not on the list, and says by which check', async () => {
      await open()
      await page.click('#open-settings')
      const description = JSON.parse(await page.inputValue('#description'))
      description.attestation.policy.imageHashes = ['00'.repeat(32)]
      await page.fill('#description', JSON.stringify(description))
      await page.click('#settings button[type=submit]')
      await page.waitForSelector('#badge[data-state=refused]')
      await page.fill('#prompt', 'Must not leave')
      await page.press('#prompt', 'Enter')
      await page.waitForSelector('#log .assistant:not([aria-busy])')
      expect(await page.textContent('#log .assistant .note')).toMatch(/ERR_ATTESTATION_REFUSED/)
      await page.click('#badge')
      expect(await page.textContent('#report .verdict')).toMatch(/^Refused by image\.hash\./)
      expect(await page.locator('#report .checks li[data-outcome=fail] code').allTextContents()).toEqual(['image.hash'])
      await page.screenshot({ path: `${artefacts}/refused.png` })
    })

    it('stops when asked to, and goes on afterwards', async () => {
      await open()
      await page.fill('#prompt', 'word '.repeat(400))
      await page.press('#prompt', 'Enter')
      await page.waitForFunction(() => (document.querySelector('#log .assistant .text')?.textContent?.length ?? 0) > 5)
      await page.click('#stop')
      await page.waitForSelector('#log .assistant .problem')
      expect(await page.textContent('#log .assistant .note')).toMatch(/^Stopped/)
      await page.fill('#prompt', 'Again')
      await page.press('#prompt', 'Enter')
      await page.waitForSelector('#log .assistant:nth-of-type(4):not([aria-busy])')
      expect(await lastAnswer()).toMatch(/Again$/)
    })

    it('runs from dev.mjs as the README says, and ends with Ctrl-C', async () => {
      const dev = spawn(process.execPath, ['examples/browser-chat/dev.mjs', '--port', '0'], { cwd: root })
      const ended = new Promise<number | null>((resolve) => dev.once('exit', resolve))
      try {
        let printed = ''
        const url = await new Promise<string>((resolve, reject) => {
          dev.stderr.on('data', (data: Buffer) => (printed += data.toString()))
          dev.stdout.on('data', (data: Buffer) => {
            printed += data.toString()
            const address = /^page +(\S+)\n.*^proxy /ms.exec(printed)?.[1]
            if (address !== undefined) resolve(address)
          })
          dev.once('exit', () => reject(new Error(`dev.mjs ended: ${printed}`)))
        })
        await open({}, url)
        await page.fill('#prompt', 'From the sources')
        await page.press('#prompt', 'Enter')
        await page.waitForSelector('#log .assistant:not([aria-busy])')
        expect(await lastAnswer()).toMatch(/From the sources$/)
        await page.context().close()
        dev.kill('SIGINT')
        expect(await ended).toBe(0)
      } finally {
        dev.kill('SIGKILL')
      }
    })

    it.skipIf(!hasWebsockify)(`works through websockify${hasWebsockify ? '' : ` (${NO_WEBSOCKIFY})`}`, async () => {
      const bridge = await startWebsockify(chat.devnet.network.proxies[0]!)
      try {
        await open()
        await page.click('#open-settings')
        await page.fill('#relay', bridge.url)
        await page.click('#settings button[type=submit]')
        await page.waitForSelector('#badge[data-state=verified]')
        await page.fill('#prompt', 'Through a foreign relay')
        await page.press('#prompt', 'Enter')
        await page.waitForSelector('#log .assistant:not([aria-busy])')
        expect(await lastAnswer()).toMatch(/Through a foreign relay$/)
        expect(chat.relay.connections).toBe(0)
      } finally {
        await bridge.close()
      }
    })
  }
)
