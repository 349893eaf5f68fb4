/**
 * The solver for runtimes that refuse to compile WebAssembly and take modules that they were deployed with: Workers.
 *
 * @module
 */
import type { SolveProofOfWork } from '../../runtime/ports/proof-of-work.js'
import { CocoonError } from '../../errors.js'
import { useVectorModule } from './fast-search.js'
import { writeVectorModule } from './vector-module.js'

/**
 * The WebAssembly module of the proof of work, 6.7 kB. It knows no challenge: write it to a file once, and import that file
 * where the runtime wants it imported. The same release always makes the same bytes; those of another one may not fit.
 *
 * @example
 * ```sh
 * node -e "import('cocoonkit/browser').then((m) => fs.writeFileSync('pow.wasm', m.createPowModule()))"
 * ```
 */
export function createPowModule(): Uint8Array<ArrayBuffer> {
  return writeVectorModule()
}

/**
 * `runtime.solvePow` for a Worker: on its only thread, in slices as without it, two to three times as fast.
 *
 * @param module - A `WebAssembly.Module` of {@link createPowModule}: `import module from './pow.wasm'`.
 * @returns A solver that throws CocoonError `ERR_OPTIONS` when the module is another one.
 */
export function solvePowWith(module: object): SolveProofOfWork {
  let using: Promise<void> | undefined
  return async (_task, { fallback }) => {
    using ??= useVectorModule(module as WebAssembly.Module)
    try {
      await using
    } catch (cause) {
      const message = 'solvePowWith() needs a WebAssembly.Module of createPowModule()'
      throw new CocoonError('ERR_OPTIONS', message, { phase: 'pow', field: 'runtime.solvePow', cause })
    }
    return fallback()
  }
}
