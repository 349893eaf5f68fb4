/**
 * What workers of protocol versions 0 to 2 accept (session.md §6.3, §6.4). Messages are not looked into there.
 *
 * @module
 */
import { fieldsOf, type RequestRules, type Rule } from './rules.js'

const COUNT: Rule = { type: 'integer', min: 0 }
const SHARED: Readonly<Record<string, Rule>> = {
  ...fieldsOf({ string: 'model', any: 'stop', boolean: 'stream', number: 'presence_penalty temperature top_p' }),
  frequency_penalty: { type: 'number', min: -2, max: 2 },
  max_tokens: COUNT,
  n: { type: 'integer', min: 1 },
  stream_options: { fields: fieldsOf({ boolean: 'include_usage include_obfuscation' }) }
}

/** Protocol versions 0, 1, 2. */
export const PROTO_2_RULES: RequestRules = {
  name: 'proto-2',
  stopIsList: false,
  endpoints: {
    '/v1/chat/completions': {
      required: ['messages', 'model'],
      fields: {
        ...SHARED,
        ...fieldsOf({
          boolean: 'parallel_tool_calls',
          number: 'prediction',
          string: 'reasoning_effort verbosity',
          any: 'response_format'
        }),
        messages: [null, 'any'],
        max_completion_tokens: COUNT,
        top_logprobs: COUNT,
        chat_template_kwargs: { fields: fieldsOf({ boolean: 'enable_thinking' }) }
      }
    },
    '/v1/completions': {
      required: ['prompt', 'model'],
      fields: {
        ...SHARED,
        ...fieldsOf({ boolean: 'echo suffix skip_special_tokens', integer: 'seed' }),
        prompt: ['string', 'any'],
        best_of: COUNT
      }
    }
  }
}
