/**
 * examples/mini-app as a reader uses it: on a phone's screen in headless Chromium, opened by a simulated Telegram. Both
 * ways of sending, what the server got to see of them, refusals of sign-ins, and the wallet.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { chromiumPath, launchChromium, NO_CHROMIUM } from './chromium.js'

const root = fileURLToPath(new URL('../../', import.meta.url))
const artefacts = `${root}.cache/mini-app`

/** The part of examples/mini-app/server/mini-app.mjs that is used; it is plain JavaScript. */
interface MiniApp {
  readonly url: string
  readonly relay: { readonly url: string; readonly connections: number }
  readonly devnet: {
    readonly requests: ReadonlyArray<{ readonly bodyText: string; readonly publicKey: unknown }>
    readonly chain: {
      readonly url: string
      changeRoot(change: { readonly proxyHashes: readonly string[] }): Promise<void>
    }
  }
  launchUrl(query?: Record<string, string>): string
  dump(): string
  close(): Promise<void>
}

/** The reader's words. None of them stands anywhere else. */
const SECRET_WORDS = ['quokka', 'saxophone', 'Zwetschgenmus']
/** Words that the generator puts around them. */
const ANSWER_WORDS = ['language model', 'characters in']

describe.skipIf(chromiumPath === undefined)(`mini-app${chromiumPath === undefined ? ` (${NO_CHROMIUM})` : ''}`, () => {
  let app: MiniApp
  let browser: Browser
  let context: BrowserContext
  let page: Page
  const problems: string[] = []
  /** What the page asked for, in order. */
  const requests: URL[] = []

  beforeAll(async () => {
    mkdirSync(artefacts, { recursive: true })
    const { startMiniApp } = await import(`${root}examples/mini-app/server/mini-app.mjs`)
    app = await startMiniApp({ records: true, devnet: { tokenDelayMs: 5, difficultyBits: 14 } })
    browser = await launchChromium()
  })

  afterAll(async () => {
    await browser?.close()
    await app?.close()
  })

  afterEach(async () => {
    await context.close()
    expect(problems.splice(0)).toEqual([])
  })

  async function newPage(): Promise<void> {
    context = await browser.newContext({ viewport: { width: 390, height: 780 }, deviceScaleFactor: 2, hasTouch: true })
    page = await context.newPage()
    page.on('pageerror', (error) => problems.push(String(error)))
    // What the policy of the page forbids.
    await page.exposeFunction('noteViolation', (text: string) => problems.push(text))
    await page.addInitScript(() => {
      document.addEventListener('securitypolicyviolation', ({ effectiveDirective, blockedURI }) => {
        ;(globalThis as unknown as { noteViolation(text: string): void }).noteViolation(
          `${effectiveDirective} forbids ${blockedURI}`
        )
      })
    })
    page.on('request', (request) => requests.push(new URL(request.url())))
    requests.length = 0
  }

  async function open(query: Record<string, string> = {}): Promise<void> {
    await newPage()
    await page.goto(app.launchUrl(query))
  }

  const badgeIs = (state: string): Promise<unknown> => page.waitForSelector(`#badge[data-state=${state}]`)

  async function ask(text: string): Promise<string> {
    await page.fill('#prompt', text)
    await page.click('#send')
    await page.waitForSelector('#log .assistant:last-child:not([aria-busy])')
    return (await page.textContent('#log .assistant:last-child .text')) ?? ''
  }

  async function leftNano(): Promise<number> {
    const text = (await page.textContent('#budget-text')) ?? ''
    return Math.round(Number(/^([\d.]+) TON of/.exec(text)?.[1]) * 1e9)
  }

  function expectUnseen(): void {
    const dump = app.dump().toLowerCase()
    expect(dump).toContain('/api/session')
    for (const word of [...SECRET_WORDS, ...ANSWER_WORDS]) {
      expect(dump).not.toContain(word.toLowerCase())
      expect(dump).not.toContain(Buffer.from(word).toString('hex'))
    }
  }

  it('speaks through a channel of its own, attested in the page, and opens the report', async () => {
    await open()
    await badgeIs('verified')
    expect(await page.textContent('#greeting')).toBe('Hello, Ada · devnet')
    expect(await page.textContent('#badge-text')).toBe('Attested')
    expect(app.relay.connections).toBe(1)
    // The network is what the page itself read from its root contract.
    const { origin } = new URL(app.devnet.chain.url)
    expect(
      requests.filter((url) => url.origin === origin && url.pathname.endsWith('/accountStates')).length
    ).toBeGreaterThan(0)
    expect(new Set(requests.map((url) => url.origin))).toEqual(new Set([new URL(app.url).origin, origin]))
    await page.screenshot({ path: `${artefacts}/start-light.png` })
    const before = await leftNano()
    expect(await ask('Does a quokka play the saxophone?')).toMatch(
      /not a language model.*Does a quokka play the saxophone\?$/s
    )
    expect(await page.textContent('#log .assistant .note')).toMatch(
      /^end-to-end encrypted · \d+ ms · \d+ tokens · [\d.]+ TON$/
    )
    expect(await leftNano()).toBeLessThan(before)
    await page.screenshot({ path: `${artefacts}/direct-light.png` })

    await page.click('#badge')
    const report = page.locator('#report[open]')
    expect(await report.locator('.verdict').textContent()).toMatch(
      /^Verified in this page: Intel TDX, \d+ checks passed, 0 failed$/
    )
    expect(await report.locator('.checks li[data-outcome=pass]').count()).toBeGreaterThan(20)
    expect(await report.textContent()).toContain('What this does not prove')
    await page.screenshot({ path: `${artefacts}/report-light.png` })
    await page.keyboard.press('Escape')
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('badge')
    expectUnseen()
  })

  it('speaks through the server, which sees no word of it', async () => {
    await open({ theme: 'dark', user: '43', name: 'Grace' })
    await badgeIs('verified')
    await page.check('[value=gateway]')
    await badgeIs('encrypted')
    const requestsBefore = app.devnet.requests.length
    const before = await leftNano()
    expect(await ask('A quokka eats Zwetschgenmus')).toMatch(/not a language model.*A quokka eats Zwetschgenmus$/s)
    expect(await ask('and plays the saxophone')).toMatch(/characters in 4 words: and plays the saxophone$/)
    expect(await page.textContent('#log .assistant:last-child .note')).toMatch(/^end-to-end encrypted/)
    await page.screenshot({ path: `${artefacts}/gateway-dark.png` })
    // The requests went all the way, and the gateway paid for them.
    expect(app.devnet.requests.slice(requestsBefore).map(({ publicKey }) => publicKey instanceof Uint8Array)).toEqual([
      true,
      true
    ])
    expect(app.dump()).toMatch(/received POST \/gateway\/v1\/chat\/completions/)
    expect(app.dump()).toMatch(/forwarded \S+\/v1\/chat\/completions \{.*"encryption_nonce"/)
    await expect.poll(leftNano).toBeLessThan(before)
    expectUnseen()
    writeFileSync(`${artefacts}/what-the-server-saw.txt`, app.dump())

    await page.click('#badge')
    const report = await page.locator('#report[open]').textContent()
    expect(report).toContain("Encrypted in this page; the developer's server cannot open it.")
    expect(report).toContain('Stays readable on the way')
    expect(report).toContain('That is its word')
    await page.screenshot({ path: `${artefacts}/encryption-dark.png` })
  })

  it('falls back to the server when the relay cannot be reached, and says so', async () => {
    await newPage()
    await page.routeWebSocket(`${app.relay.url}/**`, (socket) => socket.close())
    await page.goto(app.launchUrl())
    await badgeIs('encrypted')
    expect(await page.textContent('#fallback')).toMatch(
      /^Your own channel cannot be reached \(ERR_\w+\)\. Messages go through the server/
    )
    expect(await page.isChecked('[value=gateway]')).toBe(true)
    expect(await ask('quokka again')).toMatch(/quokka again$/)
    await page.screenshot({ path: `${artefacts}/fallback-light.png` })
    expectUnseen()
  })

  it('refuses sign-ins that are forged or stale, on the page and at the gateway', async () => {
    await open({ age: '7200' })
    await badgeIs('refused')
    expect(await page.textContent('#fallback')).toMatch(/^Telegram did not vouch for you: the sign-in is too old/)
    expect(await page.isDisabled('#prompt')).toBe(true)
    await context.close()

    await open()
    await badgeIs('verified')
    const genuine = await page.evaluate(
      () => (window as unknown as { Telegram: { WebApp: { initData: string } } }).Telegram.WebApp.initData
    )
    await context.close()
    const forged = genuine.replace('%22id%22%3A42', '%22id%22%3A43')
    expect(forged).not.toBe(genuine)
    await newPage()
    await page.goto(`${app.url}#${new URLSearchParams({ tgWebAppData: forged })}`)
    await badgeIs('refused')
    expect(await page.textContent('#fallback')).toMatch(/^Telegram did not vouch for you/)

    // The control: what is sent in clear does stand in the dump, on its way there and back.
    const inClear = JSON.stringify({ model: 'devnet/echo', messages: [{ role: 'user', content: 'marzipan' }] })
    const headers = { authorization: `tma ${genuine}`, 'content-type': 'application/json' }
    const clear = await fetch(`${app.url}gateway/v1/chat/completions`, { method: 'POST', headers, body: inClear })
    expect(await clear.text()).toContain('marzipan')
    for (const label of ['received', 'forwarded', 'sent'])
      expect(app.dump()).toMatch(new RegExp(`^${label} .*marzipan`, 'm'))

    const requestsBefore = app.devnet.requests.length
    for (const [initData, status] of [
      [genuine, 400],
      [forged, 401],
      ['', 401]
    ] as const) {
      const response = await fetch(`${app.url}gateway/v1/chat/completions`, {
        method: 'POST',
        headers: { authorization: `tma ${initData}`, 'content-type': 'application/json' },
        body: '{}'
      })
      expect(response.status).toBe(status)
    }
    expect(app.devnet.requests.length).toBe(requestsBefore)
  })

  it("tops the channel up from the reader's wallet, after showing what is signed", async () => {
    await open({ user: '44' })
    await badgeIs('verified')
    const before = await leftNano()
    await page.click('#top-up')
    await page.waitForSelector('#top-up-confirm:enabled')
    expect(await page.textContent('#top-up-facts')).toMatch(/Adds0\.0005 TON.*0\.1505 TON.*test network/)
    await page.screenshot({ path: `${artefacts}/top-up-light.png` })
    await page.click('#top-up-confirm')
    await page.getByRole('button', { name: 'Decline' }).click()
    await page.waitForSelector('#top-up-problem:not([hidden])')
    expect(await page.textContent('#top-up-problem')).toBe('The wallet declined. Nothing was sent.')
    expect(await leftNano()).toBe(before)
    await page.click('#top-up-confirm')
    await page.getByRole('button', { name: 'Confirm' }).click()
    await expect.poll(leftNano).toBe(before + 500_000)
    expect(await ask('still here')).toMatch(/still here$/)
    // The contract has it: the page that is opened again reads it from the chain.
    await page.reload()
    await badgeIs('verified')
    expect(await page.textContent('#budget-text')).toMatch(/of 0\.0015 TON left$/)
  })

  it('opens a channel for each user, also when they sign in at once', async () => {
    await newPage()
    const owners = await Promise.all(
      ['46', '47', '46'].map(async (user) => {
        const { headers } = await fetch(app.launchUrl({ user }), { redirect: 'manual' })
        const { hash } = new URL(headers.get('location') ?? '', app.url)
        const initData = new URLSearchParams(hash.slice(1)).get('tgWebAppData')
        const session = await fetch(`${app.url}api/session`, {
          method: 'POST',
          headers: { authorization: `tma ${initData}` }
        })
        const { direct } = (await session.json()) as { direct: { capNano: string; account: { owner: string } } }
        expect(direct.capNano).toBe('1000000')
        return direct.account.owner
      })
    )
    expect(owners[2]).toBe(owners[0])
    expect(owners[1]).not.toBe(owners[0])
  })

  it('has a policy of its content that forbids text as script, and runs without WebAssembly too', async () => {
    await open()
    await badgeIs('verified')
    const policy = (await fetch(app.url)).headers.get('content-security-policy') ?? ''
    expect(policy).toMatch(/^default-src 'none'; script-src 'self' https:\/\/telegram\.org 'wasm-unsafe-eval';/)
    expect(policy).not.toMatch(/'unsafe-|\*/)
    // The control: it is in force. In a task of the page's own, since those of a debugger may do everything.
    const outcome = await page.evaluate(
      () =>
        new Promise((resolve) =>
          setTimeout(() => {
            try {
              // oxlint-disable-next-line no-new-func, typescript/no-implied-eval -- what is to be refused
              resolve(new Function('return 1')())
            } catch (error) {
              resolve((error as Error).name)
            }
          })
        )
    )
    expect(outcome).toBe('EvalError')
    await expect.poll(() => problems.splice(0)).toEqual(['script-src forbids eval'])
    await context.close()

    await newPage()
    // A second policy narrows the first.
    await page.addInitScript(() => {
      new MutationObserver((_, observer) => {
        if (document.head === null) return
        observer.disconnect()
        const meta = document.createElement('meta')
        meta.httpEquiv = 'content-security-policy'
        meta.content = "script-src 'self'; worker-src blob:"
        document.head.append(meta)
      }).observe(document, { childList: true, subtree: true })
    })
    await page.goto(app.launchUrl())
    await badgeIs('verified')
    expect(await ask('plain script')).toMatch(/plain script$/)
    // Trying is how the library finds out.
    expect(problems.splice(0)).toEqual(['script-src forbids wasm-eval'])
  })

  it('can be used with the keyboard, and names every control', async () => {
    await open({ user: '45', theme: 'dark' })
    await badgeIs('verified')
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('prompt')
    await page.keyboard.type('By keyboard')
    await page.keyboard.press('Enter')
    await page.waitForSelector('#log .assistant:not([aria-busy])')
    expect(await page.textContent('#log .assistant .text')).toMatch(/By keyboard$/)
    const nameless = await page.evaluate(() =>
      [...document.querySelectorAll('button, input, textarea, meter, dialog')].flatMap((element) => {
        const isNamed =
          (element.textContent ?? '').trim() !== '' ||
          element.hasAttribute('aria-label') ||
          element.hasAttribute('aria-labelledby') ||
          ((element as HTMLInputElement).labels?.length ?? 0) > 0
        return isNamed ? [] : [element.outerHTML]
      })
    )
    expect(nameless).toEqual([])
    // Nothing is wider than the screen.
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390)
  })

  it('does not fall back when the other end does not prove what it runs', async () => {
    // The last test: proxies of the devnet do not follow their root contract's version.
    await app.devnet.chain.changeRoot({ proxyHashes: ['00'.repeat(32)] })
    await open()
    await badgeIs('refused')
    expect(await page.textContent('#badge-text')).toBe('Refused')
    expect(await page.textContent('#fallback')).toBe('The other end did not prove what it runs. Nothing was sent.')
    expect(await page.isDisabled('#prompt')).toBe(true)
    await page.click('#badge')
    expect(await page.textContent('#report .verdict')).toBe('Refused by image.hash. Nothing was sent.')
    await page.screenshot({ path: `${artefacts}/refused-light.png` })
  })
})
