/**
 * The official OpenAI SDK over the network.
 *
 * @module
 */
import OpenAI, { type ClientOptions } from 'openai'
import type { IntegrationClient } from './client.js'

/** The SDK's options but those that say where requests go. */
export type OpenAIOptions = Omit<ClientOptions, 'fetch' | 'baseURL' | 'apiKey' | 'organization' | 'project'>

/**
 * An `OpenAI` whose requests go through the client. Nothing is read from the environment. The SDK does not repeat calls
 * by itself unless `maxRetries` says so: a call that left is paid.
 */
export function createOpenAI(cocoon: Pick<IntegrationClient, 'fetch'>, options: OpenAIOptions = {}): OpenAI {
  return new OpenAI({
    maxRetries: 0,
    // The client ends in the page's own process: there is no key that a page could give away.
    dangerouslyAllowBrowser: true,
    ...options,
    apiKey: 'unused',
    organization: null,
    project: null,
    baseURL: 'http://cocoon.invalid/v1',
    fetch: cocoon.fetch
  })
}
