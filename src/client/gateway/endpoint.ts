/**
 * Where the gateway is. Fixed at construction: nothing that the gateway answers can lead a request elsewhere.
 *
 * @module
 */
import { CocoonError } from '../../errors.js'

/** A checked gateway address. */
export interface GatewayEndpoint {
  readonly origin: string
  /** URL of a path like `/v1/models`. */
  readonly urlOf: (path: string) => string
}

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/

/** Parses the address. @throws CocoonError `ERR_OPTIONS`. */
export function parseEndpoint(url: unknown, field: string): GatewayEndpoint {
  const parsed = typeof url === 'string' || url instanceof URL ? tryParse(url) : undefined
  if (parsed === undefined) throw invalid(field, 'must be an URL')
  const { protocol, hostname, username, password, search, hash, origin } = parsed
  if (protocol !== 'https:' && !(protocol === 'http:' && LOOPBACK.test(hostname)))
    throw invalid(field, 'must use https: (http: only for this machine)')
  if (username !== '' || password !== '' || search !== '' || hash !== '')
    throw invalid(field, 'must have no user, query or fragment')
  const prefix = parsed.pathname.replace(/\/+$/, '').replace(/\/v1$/, '')
  return { origin, urlOf: (path) => `${origin}${prefix}${path}` }
}

function tryParse(url: string | URL): URL | undefined {
  try {
    return new URL(url)
  } catch {
    return undefined
  }
}

function invalid(field: string, message: string): CocoonError {
  return new CocoonError('ERR_OPTIONS', `option ${field} ${message}`, { phase: 'options', field })
}
