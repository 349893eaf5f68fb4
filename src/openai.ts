/**
 * `cocoonkit/openai`: the official OpenAI SDK over the network. Needs the package `openai`.
 *
 * @module
 */
export { createOpenAI, type OpenAIOptions } from './integrations/openai.js'
