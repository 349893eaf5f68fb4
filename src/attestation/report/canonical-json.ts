/**
 * One text per JSON value: keys sorted by code unit, no white space, `undefined` members left out (the object part of RFC
 * 8785; the library's reports hold no fractions, so its number rules never come into play).
 *
 * @module
 */

/** Canonical text of plain JSON data made by the library itself. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`)
    return `{${members.join(',')}}`
  }
  return JSON.stringify(value)
}
