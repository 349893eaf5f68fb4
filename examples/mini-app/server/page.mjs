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
    /** @param {(html: string) => string} changePage */
    serve(request, changePage) {
      const path = new URL(request.url).pathname.replace(/\/$/, '/index.html')
      const file = files.get(path)
      if (file === undefined) return new Response('Not found', { status: 404 })
      const headers = {
        'content-type': TYPES[path.split('.').at(-1)] ?? 'application/octet-stream',
        'cache-control': 'no-store'
      }
      return new Response(path.endsWith('.html') ? changePage(String(file)) : file, { headers })
    }
  }
}
