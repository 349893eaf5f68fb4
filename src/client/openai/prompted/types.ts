/**
 * What is asked of a model by prompt.
 *
 * @module
 */

/** One function that may be called. */
export interface PromptedTool {
  readonly name: string
  readonly description: string | undefined
  /** JSON Schema of the arguments. */
  readonly parameters: unknown
}

/** Functions of a request. */
export interface PromptedTools {
  readonly tools: readonly PromptedTool[]
  readonly choice: 'auto' | 'none' | 'required' | { readonly name: string }
  readonly isParallel: boolean
}

/** The form of a request's answer. */
export interface PromptedJson {
  /** JSON Schema; absent for any object. */
  readonly schema: unknown
}

/** A call as OpenAI shapes it. */
export interface ToolCall {
  readonly id: string
  readonly type: 'function'
  readonly function: { readonly name: string; readonly arguments: string }
}
