/**
 * What workers of protocol version 3 and later accept (v3.md §3.2 to §3.5).
 *
 * @module
 */
import { fieldsOf, type ObjectRule, type RequestRules, type Rule } from './rules.js'

/** An object whose fields are all required strings. */
const strings = (names: string): ObjectRule => ({ fields: fieldsOf({ string: names }), required: names.split(' ') })

const IMAGE: ObjectRule = { fields: fieldsOf({ string: 'url detail' }), required: ['url'] }
const AUDIO: ObjectRule = { fields: { format: 'string', data: 'hex' }, required: ['format', 'data'] }
const FILE: ObjectRule = { fields: { file_data: 'hex', ...fieldsOf({ string: 'file_id filename' }) } }
const partOf = (key: string, rule: Rule): ObjectRule => ({
  fields: { type: 'string', [key]: rule },
  required: ['type', key]
})

const PART: Rule = {
  by: 'type',
  variants: [
    { has: 'refusal', rule: partOf('refusal', 'string') },
    { includes: 'text', rule: partOf('text', 'string') },
    { includes: 'image', rule: partOf('image', IMAGE) },
    { includes: 'audio', rule: partOf('input_audio', AUDIO) },
    { includes: 'file', rule: partOf('file', FILE) }
  ]
}
const CONTENT: Rule = ['string', PART]

const CALL: Rule = {
  by: 'type',
  variants: [
    {
      is: ['function'],
      rule: {
        fields: { type: 'string', id: 'string', function: strings('name arguments') },
        required: ['id', 'function']
      }
    },
    {
      is: ['custom'],
      rule: { fields: { type: 'string', id: 'string', custom: strings('name input') }, required: ['id', 'custom'] }
    }
  ]
}

const MESSAGE: Rule = {
  by: 'role',
  variants: [
    {
      is: ['developer', 'system', 'user'],
      rule: { fields: { role: 'string', content: CONTENT, name: 'string' }, required: ['content'] }
    },
    {
      is: ['assistant'],
      rule: {
        fields: {
          ...fieldsOf({ string: 'role name refusal' }),
          content: CONTENT,
          audio: strings('id'),
          function_call: strings('name arguments'),
          tool_calls: [null, CALL]
        }
      }
    },
    {
      is: ['tool'],
      rule: {
        fields: { role: 'string', tool_call_id: 'string', content: CONTENT },
        required: ['tool_call_id', 'content']
      }
    },
    { is: ['function'], rule: strings('role name content') }
  ]
}

const LIMIT: Rule = { type: 'integer', min: 0, max: 2_147_483_647 }
const SHARED: Readonly<Record<string, Rule>> = {
  ...fieldsOf({
    string: 'model user',
    boolean: 'stream skip_special_tokens logprobs',
    integer: 'n seed',
    number: 'frequency_penalty presence_penalty temperature top_p'
  }),
  stop: [null, 'string'],
  max_tokens: LIMIT,
  max_completion_tokens: LIMIT,
  // include_obfuscation passes the first check of a worker and fails its second.
  stream_options: { fields: fieldsOf({ boolean: 'include_usage' }) }
}

/** Protocol versions 3 and 4. */
export const PROTO_3_RULES: RequestRules = {
  name: 'proto-3',
  stopIsList: true,
  endpoints: {
    '/v1/chat/completions': {
      required: ['messages', 'model'],
      fields: {
        ...SHARED,
        ...fieldsOf({
          string: 'reasoning_effort verbosity safety_identifier prompt_cache_key prompt_cache_retention',
          boolean: 'parallel_tool_calls store',
          integer: 'top_logprobs service_tier'
        }),
        messages: [null, MESSAGE],
        // Strings and empty objects pass; whatever means something does not.
        response_format: { either: ['string', { fields: {} }] },
        modalities: [null, 'string'],
        audio: strings('format voice'),
        prediction: { fields: { type: 'string', content: CONTENT }, required: ['type', 'content'] },
        chat_template_kwargs: { fields: fieldsOf({ boolean: 'enable_thinking' }) }
      }
    },
    '/v1/completions': {
      required: ['prompt', 'model'],
      fields: {
        ...SHARED,
        ...fieldsOf({ string: 'suffix', boolean: 'echo', integer: 'best_of' }),
        prompt: ['string', 'string']
      }
    },
    '/v1/audio/transcriptions': {
      required: ['file', 'model'],
      fields: {
        ...fieldsOf({
          string: 'model language prompt',
          any: 'file temperature chunking_strategy stream_options',
          boolean: 'stream'
        }),
        max_tokens: LIMIT,
        max_completion_tokens: LIMIT,
        response_format: { literal: 'json' }
      }
    }
  }
}
