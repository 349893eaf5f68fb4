/**
 * Holds a request against the rules, before anything is sent.
 *
 * @module
 */
import { CocoonError } from '../../../errors.js'
import type { ObjectRule, RequestRules, Rule, VariantRule } from './rules.js'

const LEAVE_OUT = 'leave it out, or give what the network takes'
const PROMPT_INSTEAD = 'workers take none: ask for it in the prompt'
const HEX = 'give hexadecimal digits, not base64'
/** What to do instead, by the field's own name. */
const REMEDIES: Readonly<Record<string, string>> = {
  tools: PROMPT_INSTEAD,
  functions: PROMPT_INSTEAD,
  response_format: PROMPT_INSTEAD,
  type: 'workers take text parts only, and no response format',
  image_url: 'workers take text parts only',
  stop: 'give an array of strings',
  content: 'give text; leave the key out instead of null',
  prompt: 'give text: token arrays are not carried',
  logprobs: 'give a boolean',
  data: HEX,
  file_data: HEX
}

interface Violation {
  readonly path: string
  readonly reason: string
}

/**
 * Checks a body against the rules of its endpoint.
 *
 * @throws CocoonError `ERR_REQUEST_FIELD` with the path of the first violating field, the reason and a remedy; nothing was sent.
 */
export function checkRequest(body: object, rule: ObjectRule, rulesName: string): void {
  const violation = checkObject(body, rule, '')
  if (violation !== undefined) throw fieldError(violation.path, `${violation.reason} (rules ${rulesName})`)
}

/** `ERR_REQUEST_FIELD` for a field. */
export function fieldError(path: string, reason: string, remedy: string | undefined = remedyFor(path)): CocoonError {
  const field = path.length > 120 ? `${path.slice(0, 120)}…` : path
  return new CocoonError('ERR_REQUEST_FIELD', `field '${field}' ${reason}`, {
    phase: 'request',
    httpStatus: 400,
    field,
    remedy
  })
}

function remedyFor(path: string): string {
  const name = path.slice(path.lastIndexOf('.') + 1)
  return Object.hasOwn(REMEDIES, name) ? (REMEDIES[name] as string) : LEAVE_OUT
}

/** Whether one value satisfies a rule. */
export function satisfies(value: unknown, rule: Rule): boolean {
  return check(value, rule, '') === undefined
}

/** The endpoint's rules, or a typed error where the network has no such endpoint. */
export function rulesFor(rules: RequestRules, path: keyof RequestRules['endpoints']): ObjectRule {
  const rule = rules.endpoints[path]
  if (rule !== undefined) return rule
  throw new CocoonError('ERR_REQUEST_INVALID', `the connected network has no ${path} (rules ${rules.name})`, {
    phase: 'request',
    httpStatus: 404,
    remedy: 'it needs a proxy of protocol version 3 or later'
  })
}

function check(value: unknown, rule: Rule, path: string): Violation | undefined {
  if (typeof rule === 'string') return checkScalar(value, rule, path)
  if (isPair(rule)) return checkList(value, rule, path)
  if ('fields' in rule) return checkObject(value, rule, path)
  if ('by' in rule) return checkVariant(value, rule, path)
  if ('literal' in rule) return value === rule.literal ? undefined : { path, reason: `must be '${rule.literal}'` }
  if ('either' in rule) {
    let violation: Violation | undefined
    for (const each of rule.either) if ((violation = check(value, each, path)) === undefined) return undefined
    return violation
  }
  const violation = checkScalar(value, rule.type, path)
  if (violation !== undefined) return violation
  const tooLarge = rule.max !== undefined && (value as number) > rule.max
  if ((value as number) >= rule.min && !tooLarge) return undefined
  return {
    path,
    reason: rule.max === undefined ? `must be at least ${rule.min}` : `must be from ${rule.min} to ${rule.max}`
  }
}

function checkScalar(value: unknown, rule: string, path: string): Violation | undefined {
  if (rule === 'any') return undefined
  if (rule === 'hex')
    return typeof value === 'string' && /^(?:[0-9a-fA-F]{2})*$/.test(value)
      ? undefined
      : { path, reason: 'must be hexadecimal digits' }
  const good =
    rule === 'integer'
      ? Number.isSafeInteger(value)
      : rule === 'number'
        ? typeof value === 'number' && Number.isFinite(value)
        : typeof value === rule
  return good ? undefined : { path, reason: `must be ${rule === 'integer' ? 'an' : 'a'} ${rule}` }
}

function checkList(value: unknown, [single, item]: readonly [Rule | null, Rule], path: string): Violation | undefined {
  if (!Array.isArray(value)) {
    if (single === null) return { path, reason: 'must be an array' }
    return check(value, single, path) === undefined ? undefined : { path, reason: 'must be a string or an array' }
  }
  for (let index = 0; index < value.length; index++) {
    const violation = check(value[index], item, `${path}[${index}]`)
    if (violation !== undefined) return violation
  }
  return undefined
}

function checkObject(value: unknown, rule: ObjectRule, path: string): Violation | undefined {
  if (!isRecord(value)) return { path, reason: 'must be an object' }
  const prefix = path === '' ? '' : `${path}.`
  for (const [name, item] of Object.entries(value)) {
    if (item === undefined) continue
    const at = prefix + name
    if (!Object.hasOwn(rule.fields, name)) return { path: at, reason: 'is not accepted by the network' }
    const violation = check(item, rule.fields[name] as Rule, at)
    if (violation !== undefined) return violation
  }
  for (const name of rule.required ?? []) {
    if (!Object.hasOwn(value, name) || value[name] === undefined) return { path: prefix + name, reason: 'is required' }
  }
  return undefined
}

function checkVariant(value: unknown, rule: VariantRule, path: string): Violation | undefined {
  if (!isRecord(value)) return { path, reason: 'must be an object' }
  const kind = value[rule.by]
  for (const { has, is, includes, rule: inner } of rule.variants) {
    const fits =
      (has !== undefined && Object.hasOwn(value, has)) ||
      (typeof kind === 'string' && (is?.includes(kind) === true || (includes !== undefined && kind.includes(includes))))
    if (fits) return checkObject(value, inner, path)
  }
  return { path: `${path}.${rule.by}`, reason: 'is not a kind that the network takes' }
}

function isPair(rule: Rule): rule is readonly [Rule | null, Rule] {
  return Array.isArray(rule)
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
