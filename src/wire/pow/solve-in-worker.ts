/**
 * The solver in a Web Worker: the page's thread stays free. The worker is made from a blob, so nothing has to be bundled
 * or served; a page whose policy forbids that (`worker-src blob:`) solves on its own thread instead.
 *
 * @module
 */
import { abortError } from '../../runtime/shared/index.js'
import type { ProofOfWorkContext, ProofOfWorkTask, SolveProofOfWork } from '../../runtime/ports/proof-of-work.js'
import { ByteReader } from '../../encoding/index.js'
import { verifyPow } from './nonce-search.js'
import { searchNonces } from './sha256-block.generated.js'

/** What the worker is told: salt words, difficulty mask, where to go on. */
interface Job {
  readonly salt: readonly [number, number, number, number]
  readonly mask: number
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
export const solvePowInWorker: SolveProofOfWork = (task, context) => {
  const worker = createWorker()
  return worker === undefined ? context.fallback() : searchWith(worker, task, context)
}

function createWorker(): Worker | undefined {
  if (typeof Worker !== 'function') return undefined
  // Both functions stand by themselves: they name nothing outside but the language.
  const source = `(${workerMain.toString()})(self, ${searchNonces.toString()})`
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

function searchWith(worker: Worker, task: ProofOfWorkTask, context: ProofOfWorkContext): Promise<bigint> {
  const { signal, onProgress, fallback } = context
  return new Promise<bigint>((resolve, reject) => {
    const end = (): void => {
      worker.terminate()
      signal?.removeEventListener('abort', onAbort)
    }
    const onAbort = (): void => {
      end()
      reject(abortError(signal!, 'pow'))
    }
    worker.addEventListener('message', ({ data }: MessageEvent<Note>) => {
      onProgress?.(data.hashes)
      if (!data.isHit) return
      const nonce = BigInt(data.hashes - 1)
      // Beyond 32 bits the worker knows candidates only.
      if (!verifyPow(task, nonce)) return worker.postMessage(jobFor(task, data.hashes))
      end()
      resolve(nonce)
    })
    worker.addEventListener('error', (event) => {
      event.preventDefault()
      end()
      fallback().then(resolve, reject)
    })
    if (signal?.aborted === true) return onAbort()
    signal?.addEventListener('abort', onAbort, { once: true })
    worker.postMessage(jobFor(task, 0))
  })
}

function jobFor({ salt, difficultyBits }: ProofOfWorkTask, first: number): Job {
  const reader = new ByteReader(salt)
  const words = [reader.u32be(), reader.u32be(), reader.u32be(), reader.u32be()] as const
  // The rule reads digest word 1 with its bytes reversed, so the mask is reversed instead.
  const mask = difficultyBits <= 0 ? 0 : difficultyBits >= 32 ? -1 : -1 << (32 - difficultyBits)
  const bytes = new DataView(new ArrayBuffer(4))
  bytes.setInt32(0, mask, true)
  return { salt: words, mask: bytes.getInt32(0), first }
}

/** Runs in the worker. Its text is sent there, so it may name nothing but its parameters and the language. */
function workerMain(scope: WorkerScope, search: typeof searchNonces): void {
  scope.addEventListener('message', ({ data: { salt, mask, first } }) => {
    // Short enough that the clock is looked at often, long enough that looking costs nothing.
    const batch = 65_536
    const digest = new Int32Array(2)
    let hashes = first
    let notedMs = performance.now()
    for (;;) {
      const low = hashes % 4_294_967_296
      const count = Math.min(batch, 4_294_967_296 - low)
      const high = new DataView(new ArrayBuffer(4))
      high.setUint32(0, Math.floor(hashes / 4_294_967_296), true)
      const found = search(salt[0], salt[1], salt[2], salt[3], high.getInt32(0), low, count, mask, digest)
      if (found >= 0) return scope.postMessage({ hashes: hashes + found + 1, isHit: true })
      hashes += count
      if (performance.now() - notedMs < 100) continue
      notedMs = performance.now()
      scope.postMessage({ hashes, isHit: false })
    }
  })
}
