/**
 * The OpenAI surface: `fetch` and the resources over one carrier.
 *
 * @module
 */
import { createFetch, type FetchFunction, loadFetching } from './fetch.js'
import { createResource, type CreateFunction } from './create.js'
import { type OpenAISurfaceOptions, type RequestOptions, resolveOptions } from './options.js'
import type {
  ChatCompletion,
  ChatCompletionChunk,
  ChatCompletionRequest,
  Completion,
  CompletionRequest,
  Model,
  ModelList,
  Transcription,
  TranscriptionEvent,
  TranscriptionRequest
} from './types.js'

/** Options of the model resources. */
export type ModelOptions = Pick<RequestOptions, 'signal' | 'timeoutMs'>

/** What {@link createOpenAISurface} returns. All of it is safe to call in parallel, and needs no `this`. */
export interface OpenAISurface {
  /** See {@link FetchFunction}: hand it to anything that takes a custom `fetch`. */
  readonly fetch: FetchFunction
  readonly chat: {
    readonly completions: {
      readonly create: CreateFunction<ChatCompletionRequest, ChatCompletion, ChatCompletionChunk>
    }
  }
  readonly completions: { readonly create: CreateFunction<CompletionRequest, Completion, Completion> }
  readonly models: {
    readonly list: (options?: ModelOptions) => Promise<ModelList>
    readonly retrieve: (id: string, options?: ModelOptions) => Promise<Model>
  }
  readonly audio: {
    readonly transcriptions: {
      readonly create: CreateFunction<TranscriptionRequest, Transcription, TranscriptionEvent>
    }
  }
}

/**
 * Builds the surface over a carrier of requests. Nothing is sent before a call.
 *
 * @throws CocoonError `ERR_OPTIONS`.
 */
export function createOpenAISurface(options: OpenAISurfaceOptions): OpenAISurface {
  const context = resolveOptions(options)
  return {
    fetch: createFetch(context),
    chat: { completions: { create: createResource(context, '/v1/chat/completions') } },
    completions: { create: createResource(context, '/v1/completions') },
    models: {
      list: async (modelOptions) => (await (await loadFetching()).listModels(context, modelOptions)).list,
      retrieve: async (id, modelOptions) =>
        (await (await loadFetching()).retrieveModel(context, id, modelOptions)).model
    },
    audio: { transcriptions: { create: createResource(context, '/v1/audio/transcriptions') } }
  }
}
