/**
 * Shows text of a peer inside a report: as a JSON string, so that nothing in it acts on a terminal, and cut.
 *
 * @module
 */

const MAX_LENGTH = 80

/** At most 80 characters of untrusted text, quoted. */
export function quoted(text: string): string {
  return JSON.stringify(text.slice(0, MAX_LENGTH))
}
