/**
 * The language of request rules: which fields an endpoint takes, as data.
 *
 * @module
 */

/** What a value must be. */
export type Rule =
  | 'string'
  /** A whole number that JSON writes without fraction or exponent. */
  | 'integer'
  | 'number'
  | 'boolean'
  | 'any'
  /** A string of hexadecimal digits, two a byte. */
  | 'hex'
  /** The first rule for a single value that is no array, the second for each item of one that is. */
  | readonly [single: Rule | null, item: Rule]
  | ObjectRule
  | VariantRule
  | RangeRule
  | LiteralRule
  | EitherRule

/** An object with a closed list of fields. */
export interface ObjectRule {
  readonly fields: Readonly<Record<string, Rule>>
  readonly required?: readonly string[]
}

/** An object whose rule depends on one of its strings. */
export interface VariantRule {
  /** Name of the string that decides. */
  readonly by: string
  /** Tried in order: `has` looks for a key, `is` compares the string, `includes` looks inside of it. */
  readonly variants: ReadonlyArray<{
    readonly has?: string
    readonly is?: readonly string[]
    readonly includes?: string
    readonly rule: ObjectRule
  }>
}

/** A number within bounds, both inclusive. */
export interface RangeRule {
  readonly type: 'integer' | 'number'
  readonly min: number
  readonly max?: number
}

/** Exactly this string. */
export interface LiteralRule {
  readonly literal: string
}

/** One of several; a violation is reported by the last. */
export interface EitherRule {
  readonly either: readonly Rule[]
}

/** Paths that take a request. */
export type EndpointPath = '/v1/chat/completions' | '/v1/completions' | '/v1/audio/transcriptions'

/** The rules of one generation of workers. */
export interface RequestRules {
  /** Shown in errors. */
  readonly name: string
  /** A path without rules does not exist on this network. */
  readonly endpoints: Readonly<Partial<Record<EndpointPath, ObjectRule>>>
  /** Whether `stop` must be a list: translation then makes one of a string. */
  readonly stopIsList: boolean
}

/** Gives several fields one rule: `{ number: 'temperature top_p' }`. */
export function fieldsOf(
  groups: Readonly<Partial<Record<'string' | 'integer' | 'number' | 'boolean' | 'any', string>>>
): Record<string, Rule> {
  const fields: Record<string, Rule> = {}
  for (const [rule, names] of Object.entries(groups)) for (const name of names.split(' ')) fields[name] = rule as Rule
  return fields
}
