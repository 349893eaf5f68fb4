/**
 * The three `create` resources over one way of calling.
 *
 * @module
 */
import { type CallPromise, createCallPromise } from './call-promise.js'
import { loadPart } from './load-part.js'
import type { RequestOptions, SurfaceContext } from './options.js'
import type { EndpointPath } from './rules/index.js'
import type { StreamResult, WholeResult } from './types.js'

/** A `create` function: body and options in; a stream where the body says `stream: true`, else the whole answer. */
export type CreateFunction<B, D, C> = {
  (body: B & { readonly stream: true }, options?: RequestOptions): CallPromise<StreamResult<C>['data'], StreamResult<C>>
  (body: B & { readonly stream?: false | null | undefined }, options?: RequestOptions): CallPromise<D, WholeResult<D>>
  (body: B, options?: RequestOptions): CallPromise<D | StreamResult<C>['data'], WholeResult<D> | StreamResult<C>>
}

/** Makes the `create` of one endpoint. */
export function createResource<B, D, C>(context: SurfaceContext, path: EndpointPath): CreateFunction<B, D, C> {
  const create = (body: unknown, options: RequestOptions = {}): unknown =>
    createCallPromise(
      loadPart(() => import('./calls/index.js')).then(({ callEndpoint }) => callEndpoint(context, path, body, options))
    )
  return create as CreateFunction<B, D, C>
}
