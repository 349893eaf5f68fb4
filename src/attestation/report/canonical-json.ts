/**
 * One text per JSON value: keys sorted by code unit, no white space, `undefined` members left out (the object part of RFC
 * 8785; the library's reports hold no fractions, so its number rules never come into play).
 *
 * @module
 */

/** Canonical text of plain JSON data made by the library itself. */
export function canonicalJson(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  let text = ''
  for (const key of Object.keys(value).toSorted()) {
    const member = (value as Record<string, unknown>)[key]
    if (member !== undefined) text += `${text === '' ? '' : ','}${JSON.stringify(key)}:${canonicalJson(member)}`
  }
  return `{${text}}`
}
