/**
 * `cocoonkit/langchain`: a chat model for LangChain. Needs the package `@langchain/core`.
 *
 * @module
 */
export { ChatCocoon, type ChatCocoonCallOptions, type ChatCocoonFields } from './integrations/langchain.js'
