/**
 * Runs the suite in pages of real browsers: the bundle is served on loopback, the page reaches the devnet through our relay.
 *
 * @module
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bundle } from './project.mjs'

/** Nothing may leave the machine: without these Chromium looks for its maker's hosts. */
export const CHROMIUM_ARGUMENTS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync'
]

const PAGE = '<!doctype html><meta charset="utf-8"><title>matrix</title><script type="module" src="/main.js"></script>'
/** As strict as a careful site would be: no eval, no inline code; WebAssembly and workers from blobs for the proof of work. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'self'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "connect-src 'self' ws://127.0.0.1:*",
  "worker-src 'self' blob:"
].join('; ')

/** Serves the page and its bundle; `origin` names it. */
export async function servePage(project) {
  const files = await bundle(project, 'entry-page.mjs', ['browser', 'import'])
  const server = createServer((request, response) => {
    const name = request.url.slice(1)
    const contents = name === '' ? PAGE : files.get(name)
    const type = name === '' ? 'text/html' : 'text/javascript'
    if (contents === undefined) return response.writeHead(404).end()
    return response
      .writeHead(200, { 'content-type': type, 'content-security-policy': CONTENT_SECURITY_POLICY })
      .end(contents)
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    close: () => {
      server.closeAllConnections()
      server.close()
    }
  }
}

/** Chromium through Playwright. */
export async function runInChromium(executablePath, origin, config, timeoutMs) {
  const { chromium } = await import('playwright-core')
  const browser = await chromium.launch({ executablePath, args: CHROMIUM_ARGUMENTS })
  try {
    const page = await browser.newPage()
    await page.goto(origin)
    await page.waitForFunction(() => globalThis.runSuite !== undefined)
    const running = page.evaluate((given) => globalThis.runSuite(given), config)
    return await within(running, timeoutMs)
  } finally {
    await browser.close()
  }
}

/** Firefox through WebDriver BiDi. */
export async function runInFirefox(executablePath, origin, config, timeoutMs) {
  const { default: puppeteer } = await import('puppeteer-core')
  const userDataDir = mkdtempSync(join(tmpdir(), 'cocoonkit-firefox-'))
  const browser = await puppeteer.launch({
    browser: 'firefox',
    executablePath,
    headless: true,
    userDataDir,
    protocolTimeout: timeoutMs,
    extraPrefsFirefox: FIREFOX_STAYS_AT_HOME
  })
  try {
    const page = await browser.newPage()
    await page.goto(origin)
    await page.waitForFunction(() => globalThis.runSuite !== undefined)
    // Text crosses the protocol faster than a deep value.
    const running = page.evaluate(
      async (given) => JSON.stringify(await globalThis.runSuite(JSON.parse(given))),
      JSON.stringify(config)
    )
    return JSON.parse(await within(running, timeoutMs))
  } finally {
    await browser.close()
    rmSync(userDataDir, { recursive: true, force: true })
  }
}

/** Preferences that keep Firefox from asking its maker's hosts. */
const FIREFOX_STAYS_AT_HOME = {
  'app.normandy.enabled': false,
  'browser.safebrowsing.malware.enabled': false,
  'browser.safebrowsing.phishing.enabled': false,
  'datareporting.policy.dataSubmissionEnabled': false,
  'extensions.getAddons.cache.enabled': false,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false
}

function within(work, timeoutMs) {
  let timer
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no result after ${timeoutMs} ms`)), timeoutMs)
  })
  return Promise.race([work, late]).finally(() => clearTimeout(timer))
}
