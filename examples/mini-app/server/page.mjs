/**
 * Builds the page with Vite and serves it from memory.
 *
 * @module
 */
import { fileURLToPath } from 'node:url'
import { build } from 'vite'

const TYPES = { html: 'text/html; charset=utf-8', js: 'text/javascript', css: 'text/css', json: 'application/json' }

export async function buildPage() {
  const root = fileURLToPath(new URL('..', import.meta.url))
  const { output } = await build({ root, logLevel: 'error', build: { write: false } })
  const files = new Map(output.map((file) => [`/${file.fileName}`, file.type === 'chunk' ? file.code : file.source]))
  return {
    /** @param {{ change: (html: string) => string, policy: string }} options - `policy`: what the page may load and reach. */
    serve(request, { change, policy }) {
      const path = new URL(request.url).pathname.replace(/\/$/, '/index.html')
      const file = files.get(path)
      if (file === undefined) return new Response('Not found', { status: 404 })
      const headers = {
        'content-type': TYPES[path.split('.').at(-1)] ?? 'application/octet-stream',
        'cache-control': 'no-store'
      }
      if (!path.endsWith('.html')) return new Response(file, { headers })
      return new Response(change(String(file)), { headers: { ...headers, 'content-security-policy': policy } })
    }
  }
}
