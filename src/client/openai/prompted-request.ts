/**
 * Where prompted requests meet the surface: decides whether a request is one, and loads the code for it only then.
 *
 * @module
 */
import type { RequestOptions, SurfaceContext } from './options.js'
import type { RewrittenRequest } from './prompted-answer.js'
import { isSealedBody } from './request-fields.js'

/** The rewritten request, or `undefined` for one that goes as it is. @throws CocoonError `ERR_REQUEST_FIELD`. */
export async function promptedRequest(
  context: SurfaceContext,
  path: string,
  body: unknown,
  options: RequestOptions
): Promise<RewrittenRequest | undefined> {
  const tools = (options.tools ?? context.defaults.tools) === 'prompt'
  const json = (options.jsonMode ?? context.defaults.jsonMode) === 'prompt'
  if ((!tools && !json) || path !== '/v1/chat/completions') return undefined
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return undefined
  const fields = body as Record<string, unknown>
  if (isSealedBody(fields)) return undefined
  const { rewriteRequest } = await import('./prompted-answer.js')
  return rewriteRequest(context, fields, { tools, json })
}
