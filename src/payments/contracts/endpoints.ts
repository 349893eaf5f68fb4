/**
 * The text of a registered proxy: `workerIP:port clientIP:port`, one token for both. IPv4 only, brackets tolerated.
 * Source: contracts.md §1.3.
 *
 * @module
 */

/** Where a proxy listens, `ip:port` each. */
export interface ProxyEndpoints {
  readonly worker: string
  readonly client: string
}

const ENDPOINT = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3}):(\d{1,5})$/

/** One `ip:port`, canonical, or `null`. Brackets around the address or the whole token are dropped. */
function parseEndpoint(token: string): string | null {
  const match = ENDPOINT.exec(token.replace(/[[\]]/g, ''))
  if (match === null) return null
  const [octets, port] = [match.slice(1, 5).map(Number), Number(match[5])]
  if (octets.some((octet) => octet > 255) || port < 1 || port > 65_535) return null
  return `${octets.join('.')}:${port}`
}

/** Parses the text of one entry; `null` when either half is not an IPv4 address with a port. */
export function parseEndpoints(text: string): ProxyEndpoints | null {
  const space = text.indexOf(' ')
  const worker = parseEndpoint(space < 0 ? text : text.slice(0, space))
  const client = space < 0 ? worker : parseEndpoint(text.slice(space + 1))
  return worker === null || client === null ? null : { worker, client }
}
