/**
 * `cocoonkit/ai-sdk`: a provider for the Vercel AI SDK. Needs the package `@ai-sdk/provider`, which comes with `ai`.
 *
 * @module
 */
export { type CocoonProvider, type CocoonProviderOptions, createCocoonProvider } from './integrations/ai-sdk.js'
