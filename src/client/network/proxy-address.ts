/**
 * Text form of a proxy's address: `host:port`, `1.2.3.4:port` or `[ipv6]:port`.
 *
 * @module
 */
import { CocoonError } from '../../errors.js'
import type { DialTarget } from '../../runtime/ports/byte-stream.js'

/** One parsed address. */
export interface ProxyAddress extends DialTarget {
  /** Canonical text: lower-case host, IPv6 in brackets. Two spellings of one address give the same text. */
  readonly text: string
}

/** Longest text looked at; a DNS name has at most 253 characters. */
const MAX_ADDRESS_LENGTH = 300

/**
 * Parses `host:port`. IPv6 needs brackets, since `::1:443` has two readings.
 *
 * @param field - Option path named in the error, e.g. `network.proxies[0]`.
 * @throws CocoonError `ERR_OPTIONS`.
 */
export function parseProxyAddress(text: unknown, field: string): ProxyAddress {
  if (typeof text !== 'string' || text.length > MAX_ADDRESS_LENGTH) {
    throw addressError(field, 'is not text of the form host:port')
  }
  const trimmed = text.trim()
  if (trimmed.includes('://'))
    throw addressError(field, 'is a URL; the network is spoken over plain TCP: write host:port')
  const match = /^(?:\[([^[\]]*)\]|([^:[\]]*)):(\d{1,5})$/.exec(trimmed)
  if (match === null) {
    const hint =
      (trimmed.match(/:/g)?.length ?? 0) > 1 ? 'needs brackets around an IPv6 address: [::1]:port' : 'is not host:port'
    throw addressError(field, hint)
  }
  const [, ipv6, name, portText] = match
  const port = Number(portText)
  if (port < 1 || port > 65_535) throw addressError(field, 'has a port outside 1…65535')
  const host = (ipv6 ?? name ?? '').toLowerCase()
  if (ipv6 === undefined ? !/^[a-z0-9_]([a-z0-9_.-]*[a-z0-9_.])?$/.test(host) : !/^[0-9a-f]*:[0-9a-f:.]*$/.test(host)) {
    throw addressError(field, 'has a host that is neither a name nor an IP address')
  }
  return { host, port, text: ipv6 === undefined ? `${host}:${port}` : `[${host}]:${port}` }
}

function addressError(field: string, message: string): CocoonError {
  return new CocoonError('ERR_OPTIONS', `${field} ${message}`, { phase: 'options', field })
}
