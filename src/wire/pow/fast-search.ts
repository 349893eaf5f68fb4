/**
 * Gets the fastest search that the runtime allows. WebAssembly with vectors is it; where compiling that is refused (a page
 * whose policy lacks `wasm-unsafe-eval`, Workers, engines without vectors), the unrolled loop in plain JavaScript is
 * loaded, a part of its own that others never see.
 *
 * @module
 */
import type { SearchNonces } from './nonce-search.js'
import { vectorTable, writeVectorModule } from './vector-module.js'

/** What the module exports. */
interface VectorExports {
  readonly m: WebAssembly.Memory
  readonly f: (first: number, count: number) => number
}

let compiling: Promise<WebAssembly.Module> | undefined
let preparing: Promise<SearchNonces> | undefined

/** The module, compiled once. Rejects where that is forbidden. */
export function compileVectorModule(): Promise<WebAssembly.Module> {
  compiling ??= (async () => WebAssembly.compile(writeVectorModule()))()
  return compiling
}

/** The unrolled loop. */
export async function loadUnrolledSearch(): Promise<SearchNonces> {
  return (await import('./sha256-block.generated.js')).searchNonces
}

/**
 * The fastest search there is; the same one for all searches of this thread.
 *
 * @throws whatever the import of the unrolled loop rejects with, should the part be missing.
 */
export function prepareFastSearch(): Promise<SearchNonces> {
  if (preparing === undefined) {
    preparing = compileVectorModule().then(vectorSearch).catch(loadUnrolledSearch)
    preparing.catch(() => (preparing = undefined))
  }
  return preparing
}

/**
 * Lets all searches of this thread use a module that is compiled already. @throws what WebAssembly says of another module;
 * everything then stays as it was.
 */
export async function useVectorModule(module: WebAssembly.Module): Promise<void> {
  const search = await vectorSearch(module)
  preparing = Promise.resolve(search)
}

async function vectorSearch(module: WebAssembly.Module): Promise<SearchNonces> {
  const instance = await WebAssembly.instantiate(module)
  const { m, f } = instance.exports as unknown as VectorExports
  if (!(m instanceof WebAssembly.Memory) || typeof f !== 'function') throw new TypeError('another module')
  const memory = new Int32Array(m.buffer)
  return (message, first, count, mask) => {
    // Searches share the memory; the table is small against any batch, so each call brings its own.
    memory.set(vectorTable(message, mask))
    const found = f(first, count)
    return found < count ? found : -1
  }
}
