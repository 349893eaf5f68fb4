/**
 * The solver in a Web Worker: the page's thread stays free. The worker is made from a blob, so nothing has to be bundled
 * or served; a page whose policy forbids that (`worker-src blob:`) solves on its own thread instead.
 *
 * @module
 */
import { abortError } from '../../runtime/shared/index.js'
import type { ProofOfWorkContext, ProofOfWorkTask, SolveProofOfWork } from '../../runtime/ports/proof-of-work.js'
import { compileVectorModule, loadUnrolledSearch } from './fast-search.js'
import { NonceSearch, type SearchNonces, verifyPow } from './nonce-search.js'
import { vectorTable } from './vector-module.js'

/** What the worker is told: one challenge, one upper half of the nonces, where to go on. */
interface Job {
  /** The compiled search and what its memory has to hold; without one, the worker has the loop in its text. */
  readonly module: WebAssembly.Module | undefined
  readonly table: Int32Array
  readonly message: Int32Array
  readonly mask: number
  /** The next nonce. */
  readonly first: number
}

/** What the worker says: how far it is, and whether `hashes − 1` is a hit. */
interface Note {
  readonly hashes: number
  readonly isHit: boolean
}

/** The worker's global scope, as far as it is used. */
interface WorkerScope {
  addEventListener(type: 'message', listener: (event: { readonly data: Job }) => void): void
  postMessage(note: Note): void
}

/**
 * Solves in a worker that lives as long as the search. Safe to call in parallel: each search has its own.
 *
 * @throws CocoonError the reason of the signal; whatever the solver of this thread throws when no worker can be had.
 */
export const solvePowInWorker: SolveProofOfWork = async (task, context) => {
  if (typeof Worker !== 'function') return context.fallback()
  let module: WebAssembly.Module | undefined
  let plain: SearchNonces | undefined
  try {
    module = await compileVectorModule()
  } catch {
    plain = await loadUnrolledSearch().catch(() => undefined)
    if (plain === undefined) return context.fallback()
  }
  const worker = createWorker(plain)
  return worker === undefined ? context.fallback() : searchWith(worker, module, task, context)
}

function createWorker(plain: SearchNonces | undefined): Worker | undefined {
  // Both functions stand by themselves: they name nothing outside but the language.
  const source = `(${workerMain.toString()})(self, ${String(plain)})`
  const url = URL.createObjectURL(new Blob([source], { type: 'text/javascript' }))
  try {
    return new Worker(url)
  } catch {
    return undefined
  } finally {
    // The fetch of the script has begun; the address is not needed any longer than that.
    setTimeout(() => URL.revokeObjectURL(url), 10_000)
  }
}

function searchWith(
  worker: Worker,
  module: WebAssembly.Module | undefined,
  task: ProofOfWorkTask,
  context: ProofOfWorkContext
): Promise<bigint> {
  const { signal, onProgress, fallback } = context
  const search = new NonceSearch(task)
  const begin = (first: number): void => {
    search.setHigh(Math.floor(first / 2 ** 32))
    const { message, mask } = search
    const job: Job = { module, table: vectorTable(message, mask), message, mask, first }
    worker.postMessage(job)
  }
  return new Promise<bigint>((resolve, reject) => {
    /** Events of a worker that was ended may still arrive. */
    let isOver = false
    const end = (): void => {
      isOver = true
      worker.terminate()
      signal?.removeEventListener('abort', onAbort)
    }
    const onAbort = (): void => {
      end()
      reject(abortError(signal!, 'pow'))
    }
    worker.addEventListener('message', ({ data: { hashes, isHit } }: MessageEvent<Note>) => {
      if (isOver) return
      onProgress?.(hashes)
      const nonce = BigInt(hashes - 1)
      if (!isHit) return hashes % 2 ** 32 === 0 ? begin(hashes) : undefined
      // Beyond 32 bits the worker knows candidates only.
      if (!verifyPow(task, nonce)) return begin(hashes)
      end()
      resolve(nonce)
    })
    const onFailure = (event: Event): void => {
      event.preventDefault()
      if (isOver) return
      end()
      fallback().then(resolve, reject)
    }
    worker.addEventListener('error', onFailure)
    // The module could not be handed over.
    worker.addEventListener('messageerror', onFailure)
    if (signal?.aborted === true) return onAbort()
    signal?.addEventListener('abort', onAbort, { once: true })
    begin(0)
  })
}

/** Runs in the worker. Its text is sent there, so it may name nothing but its parameters and the language. */
function workerMain(scope: WorkerScope, plain: SearchNonces | undefined): void {
  scope.addEventListener('message', ({ data: { module, table, message, mask, first } }) => {
    let search = (from: number, count: number): number => plain!(message, from, count, mask)
    if (module !== undefined) {
      const { m, f } = new WebAssembly.Instance(module).exports as {
        m: WebAssembly.Memory
        f: (from: number, count: number) => number
      }
      new Int32Array(m.buffer).set(table)
      search = f
    }
    // Short enough that the clock is looked at often, long enough that looking costs nothing. Halves of nonces end where
    // a batch ends, unless the search went on in the middle of one.
    const batch = 65_536
    let hashes = first
    let notedMs = performance.now()
    for (;;) {
      const low = hashes % 4_294_967_296
      const count = Math.min(batch, 4_294_967_296 - low)
      const found = search(low, count)
      if (found >= 0 && found < count) return scope.postMessage({ hashes: hashes + found + 1, isHit: true })
      hashes += count
      if (low + count === 4_294_967_296) return scope.postMessage({ hashes, isHit: false })
      if (performance.now() - notedMs < 100) continue
      notedMs = performance.now()
      scope.postMessage({ hashes, isHit: false })
    }
  })
}
