/**
 * What the page may load, run and reach. A script that got into it could read the conversation; with this it can connect to
 * nobody but the page's own server, the relay and the chain's API.
 *
 * `wasm-unsafe-eval` lets the page compile WebAssembly: the proof of work, two to three times as fast with it. It does not
 * let text be run as a script, which is `unsafe-eval` and not given. The page works without it, too.
 *
 * @module
 */

/** @param {{ connectTo: string[] }} options - Addresses of the relay and of the chain's API. */
export function contentSecurityPolicy({ connectTo }) {
  return [
    "default-src 'none'",
    // Telegram's own script is the only one from elsewhere.
    "script-src 'self' https://telegram.org 'wasm-unsafe-eval'",
    // The proof of work's thread is made from a blob.
    'worker-src blob:',
    "style-src 'self'",
    "img-src 'self' data:",
    `connect-src 'self' ${connectTo.map((address) => new URL(address).origin).join(' ')}`,
    "base-uri 'none'",
    "form-action 'none'",
    // Telegram Web opens Mini Apps in a frame; its other clients do not.
    'frame-ancestors https://web.telegram.org'
  ].join('; ')
}
