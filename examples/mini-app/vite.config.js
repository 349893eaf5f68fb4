/** Plain Vite. The plugin lets the folder run inside this checkout, where the package is not installed but is the checkout. */
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vite'

const packageItself = {
  name: 'resolve-cocoonkit',
  enforce: 'pre',
  resolveId: (id) => (/^cocoonkit(\/|$)/.test(id) ? fileURLToPath(import.meta.resolve(id)) : undefined)
}

// oxlint-disable-next-line import/no-default-export -- where Vite looks
export default defineConfig({
  plugins: [packageItself],
  build: { target: 'es2023', modulePreload: { polyfill: false } }
})
