/**
 * Holds JSON against a JSON Schema, as far as tools and structured output use it: types, properties, items, choices,
 * bounds and local references. `format` and `pattern` are told to the model but not checked (a pattern of a stranger may
 * take for ever), and neither are keywords that are not named here.
 *
 * @module
 */

/** Steps into schema and value together; what needs more counts as a violation. */
const MAX_STEPS = 100_000
const MAX_DEPTH = 100

/** The path of the first value that does not fit, `''` for the whole; `undefined` when all fits. */
export function findViolation(value: unknown, schema: unknown): string | undefined {
  const state = { steps: 0, root: schema }
  return check(value, schema, '', 0, state)
}

interface State {
  steps: number
  readonly root: unknown
}
type Schema = Readonly<Record<string, unknown>>

function check(value: unknown, schema: unknown, path: string, depth: number, state: State): string | undefined {
  if (++state.steps > MAX_STEPS || depth > MAX_DEPTH) return path
  if (schema === false) return path
  if (!isObject(schema)) return undefined
  const inner = (next: unknown): string | undefined => check(value, next, path, depth + 1, state)
  if (typeof schema['$ref'] === 'string') {
    const violation = inner(resolveReference(schema['$ref'], state.root))
    if (violation !== undefined) return violation
  }
  if (!hasType(value, schema['type'])) return path
  if (Array.isArray(schema['enum']) && !schema['enum'].some((item) => sameJson(item, value))) return path
  if (Object.hasOwn(schema, 'const') && !sameJson(schema['const'], value)) return path
  const { allOf, anyOf, oneOf } = schema
  for (const each of Array.isArray(allOf) ? allOf : []) {
    const violation = inner(each)
    if (violation !== undefined) return violation
  }
  if (Array.isArray(anyOf) && !anyOf.some((each) => inner(each) === undefined)) return path
  if (Array.isArray(oneOf) && oneOf.filter((each) => inner(each) === undefined).length !== 1) return path
  if (typeof value === 'string' && !within(Array.from(value).length, schema['minLength'], schema['maxLength']))
    return path
  if (typeof value === 'number' && !fitsNumber(value, schema)) return path
  if (Array.isArray(value)) return checkItems(value, schema, path, depth, state)
  return isObject(value) ? checkProperties(value, schema, path, depth, state) : undefined
}

function checkItems(
  value: readonly unknown[],
  schema: Schema,
  path: string,
  depth: number,
  state: State
): string | undefined {
  if (!within(value.length, schema['minItems'], schema['maxItems'])) return path
  const first: readonly unknown[] = Array.isArray(schema['prefixItems']) ? schema['prefixItems'] : []
  for (const [index, item] of value.entries()) {
    const rule = index < first.length ? first[index] : schema['items']
    const violation = rule === undefined ? undefined : check(item, rule, `${path}[${index}]`, depth + 1, state)
    if (violation !== undefined) return violation
  }
  return undefined
}

function checkProperties(value: Schema, schema: Schema, path: string, depth: number, state: State): string | undefined {
  const properties = isObject(schema['properties']) ? schema['properties'] : {}
  const { required, additionalProperties: others } = schema
  for (const name of Array.isArray(required) ? required : [])
    if (typeof name === 'string' && !Object.hasOwn(value, name)) return join(path, name)
  for (const [name, item] of Object.entries(value)) {
    const rule = Object.hasOwn(properties, name) ? properties[name] : others
    // The path names what the schema names; a name that the model made up is left out.
    const at = Object.hasOwn(properties, name) ? join(path, name) : path
    const violation = rule === undefined ? undefined : check(item, rule, at, depth + 1, state)
    if (violation !== undefined) return violation
  }
  return undefined
}

function hasType(value: unknown, type: unknown): boolean {
  if (type === undefined) return true
  if (Array.isArray(type)) return type.some((each) => hasType(value, each))
  if (type === 'integer') return Number.isInteger(value)
  if (type === 'array') return Array.isArray(value)
  if (type === 'null') return value === null
  if (type === 'object') return isObject(value)
  return typeof value === type
}

function fitsNumber(value: number, schema: Schema): boolean {
  const { minimum, maximum, exclusiveMinimum: above, exclusiveMaximum: below, multipleOf: unit } = schema
  if (!within(value, minimum, maximum)) return false
  if ((typeof above === 'number' && value <= above) || (typeof below === 'number' && value >= below)) return false
  return typeof unit !== 'number' || unit <= 0 || Number.isInteger(value / unit)
}

function within(value: number, min: unknown, max: unknown): boolean {
  return !(typeof min === 'number' && value < min) && !(typeof max === 'number' && value > max)
}

/** `#`, `#/$defs/name` and the like; anything else fits nothing. */
function resolveReference(reference: string, root: unknown): unknown {
  if (!reference.startsWith('#')) return false
  let target = root
  for (const part of reference.slice(1).split('/').slice(1)) {
    const name = part.replaceAll('~1', '/').replaceAll('~0', '~')
    if (!isObject(target) || !Object.hasOwn(target, name)) return false
    target = target[name]
  }
  return target
}

function sameJson(left: unknown, right: unknown): boolean {
  if (left === right) return true
  if (Array.isArray(left))
    return (
      Array.isArray(right) && left.length === right.length && left.every((item, index) => sameJson(item, right[index]))
    )
  if (!isObject(left) || !isObject(right)) return false
  const names = Object.keys(left)
  return (
    names.length === Object.keys(right).length &&
    names.every((name) => Object.hasOwn(right, name) && sameJson(left[name], right[name]))
  )
}

function join(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`
}

function isObject(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
