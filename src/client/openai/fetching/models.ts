/**
 * The market as OpenAI's list of models.
 *
 * @module
 */
import { CocoonError } from '../../../errors.js'
import type { InferencePeer } from '../../../runtime/ports/inference.js'
import { createCallBudget } from '../call-budget.js'
import type { CallContact } from '../contact.js'
import type { RequestOptions, SurfaceContext } from '../options.js'
import { baseName } from '../translate.js'
import type { Model, ModelList } from '../types.js'

/** The models that the connected proxy offers, with who said so. @throws CocoonError of any network phase. */
export async function listModels(
  context: SurfaceContext,
  options: Pick<RequestOptions, 'signal' | 'timeoutMs'> = {}
): Promise<{ readonly peer: InferencePeer; readonly list: ModelList }> {
  const { signal, timeoutMs = context.defaults.timeoutMs } = options
  const budget = createCallBudget({ clock: context.clock, timeoutMs, signal, charged: () => 'no' })
  try {
    budget.signal.throwIfAborted()
    const { peer, types } = await context.transport.listWorkerTypes(budget)
    const data = types.map(({ name, workers }): Model => ({
      id: name,
      object: 'model',
      created: 0,
      owned_by: 'cocoon',
      workers: workers.map(({ coefficient, activeRequests, maxActiveRequests }) => ({
        coefficient,
        running_requests: activeRequests,
        max_running_requests: maxActiveRequests
      }))
    }))
    return { peer, list: { object: 'list', data } }
  } catch (cause) {
    throw CocoonError.from(cause, 'ERR_INTERNAL', { phase: 'query' })
  } finally {
    budget.release()
  }
}

/** One model by its name, with or without `@…`. @throws CocoonError `ERR_REQUEST_INVALID` with status 404, and as {@link listModels}. */
export async function retrieveModel(
  context: SurfaceContext,
  id: string,
  options: Pick<RequestOptions, 'signal' | 'timeoutMs'> = {},
  contact: CallContact = {}
): Promise<{ readonly peer: InferencePeer; readonly model: Model }> {
  const { peer, list } = await listModels(context, options)
  contact.peer = peer
  const model = list.data.find((each) => each.id === baseName(id))
  if (model !== undefined) return { peer, model }
  throw new CocoonError('ERR_REQUEST_INVALID', 'the proxy knows no model of this name', {
    phase: 'request',
    httpStatus: 404,
    field: 'model',
    remedy: 'models.list() shows the names'
  })
}
