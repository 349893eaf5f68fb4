/**
 * What integrations need of a client.
 *
 * @module
 */
import type { OpenAISurface } from '../client/openai/index.js'

/** A `Cocoon`, or whatever has its chat resource and `fetch`. */
export type IntegrationClient = Pick<OpenAISurface, 'chat' | 'fetch'>
