/**
 * The list of models, loaded when somebody asks for it: as our gateway and the reference client give it (v3.md §8).
 *
 * @module
 */
import type { WorkerInstance, WorkerType } from '../../runtime/ports/inference.js'
import { exchange, type ExchangeSettings, readText } from './exchange.js'
import { notTheApi, readRefusal } from './refusal.js'

const MAX_MODELS_BYTES = 4_194_304

/** Asks for the list. @throws CocoonError as {@link exchange}, what a refusal says, `ERR_GATEWAY` for what is no such list. */
export async function listModels(settings: ExchangeSettings, signal: AbortSignal): Promise<readonly WorkerType[]> {
  const response = await exchange(settings, { method: 'GET', path: '/v1/models', headers: [], signal })
  const text = await readText(response, MAX_MODELS_BYTES, signal)
  if (!response.ok) throw readRefusal(response.status, text) ?? notTheApi(`status ${response.status}`, text)
  return readWorkerTypes(text)
}

function readWorkerTypes(text: string): readonly WorkerType[] {
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
