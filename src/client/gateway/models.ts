/**
 * The list of models, as our gateway and the reference client give it (v3.md §8).
 *
 * @module
 */
import type { WorkerInstance, WorkerType } from '../../runtime/ports/inference.js'
import { notTheApi } from './refusal.js'

/** @throws CocoonError `ERR_GATEWAY` for what is no such list. */
export function readWorkerTypes(text: string): readonly WorkerType[] {
  let list: unknown
  try {
    list = JSON.parse(text)
  } catch {
    // No list, as below.
  }
  const data = Object(list) as { data?: unknown }
  if (!Array.isArray(data.data)) throw notTheApi('no list of models', text)
  return data.data.map((model: unknown) => {
    const { id, workers } = Object(model) as Record<string, unknown>
    if (typeof id !== 'string') throw notTheApi('a model without a name')
    return { name: id, workers: Array.isArray(workers) ? workers.map(readWorker) : [] }
  })
}

function readWorker(worker: unknown): WorkerInstance {
  const given = Object(worker) as Record<string, unknown>
  return {
    coefficient: wholeNumber(given['coefficient']),
    activeRequests: wholeNumber(given['running_requests']),
    maxActiveRequests: wholeNumber(given['max_running_requests'])
  }
}

function wholeNumber(value: unknown): number {
  return Number.isSafeInteger(value) ? (value as number) : 0
}
