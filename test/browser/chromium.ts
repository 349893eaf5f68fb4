/**
 * Debian's headless Chromium through Playwright, or the reason why it is not here.
 *
 * @module
 */
import { existsSync } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'

const USUAL_PATHS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

/** The browser's program, when there is one. */
export const chromiumPath: string | undefined = [process.env['CHROMIUM_PATH'], ...USUAL_PATHS].find(
  (path) => path !== undefined && existsSync(path)
)

/** Part of a suite's name when it cannot run. */
export const NO_CHROMIUM: string = 'Chromium is not installed: node scripts/install-browser.mjs, or set CHROMIUM_PATH'

/** Starts the browser; nothing of it asks its maker's hosts. */
export function launchChromium(): Promise<Browser> {
  if (chromiumPath === undefined) throw new Error(NO_CHROMIUM)
  return chromium.launch({
    executablePath: chromiumPath,
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync'
    ]
  })
}
