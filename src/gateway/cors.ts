/**
 * Which pages may call (the Fetch standard's CORS protocol). A request with an origin that is not allowed is refused, and
 * not only left unreadable: it would be paid for.
 *
 * @module
 */
import { CocoonError } from '../errors.js'

/** Pages that may call the gateway. */
export interface CorsOptions {
  /** Exact origins (`https://app.example`), `'*'` for every page, or a function. */
  readonly origins: readonly string[] | '*' | ((origin: string) => boolean)
  /** Lets pages send cookies. Excludes `'*'`. Default `false`. */
  readonly credentials?: boolean | undefined
  /** Request headers beside the usual ones. */
  readonly headers?: readonly string[] | undefined
  /** How long a browser may remember a preflight, seconds. Default 600. */
  readonly maxAgeSeconds?: number | undefined
}

/** Decisions about origins. */
export interface Cors {
  /** Headers for an answer to this origin. @throws CocoonError `ERR_UNAUTHORIZED` (403) for a page that may not call. */
  check(origin: string | null, own: string): Headers
  /** The answer to a preflight: `requested` is its `access-control-request-headers`, `headers` what {@link Cors.check} gave. */
  preflight(requested: string | null, headers: Headers): Response
}

const REQUEST_HEADERS = ['authorization', 'content-type', 'x-request-id', 'x-telegram-init-data']
/** Headers that the OpenAI SDK adds in browsers begin like this; they say what machine it runs on and are harmless. */
const SDK_HEADERS = /^x-stainless-[a-z-]{1,40}$/
const EXPOSED_HEADERS = [
  'retry-after',
  'x-cocoon-attestation',
  'x-cocoon-cost-nano',
  'x-cocoon-cost-source',
  'x-cocoon-proxy',
  'x-cocoon-request-id',
  'x-cocoon-tokens',
  'x-cocoon-verified',
  'x-request-id',
  'x-should-retry'
].join(', ')

/** Without options only the gateway's own origin may call. @throws CocoonError `ERR_OPTIONS`. */
export function createCors(options: CorsOptions | undefined): Cors {
  const { origins = [], credentials = false, headers: extra = [], maxAgeSeconds = 600 } = options ?? {}
  if (origins === '*' && credentials)
    throw new CocoonError('ERR_OPTIONS', "cors.origins '*' cannot go with credentials", {
      phase: 'options',
      field: 'cors.origins',
      remedy: 'name the origins'
    })
  const allows = (origin: string): boolean =>
    typeof origins === 'function' ? origins(origin) : origins === '*' || origins.includes(origin)
  const known = [...REQUEST_HEADERS, ...extra.map((name) => name.toLowerCase())]
  return {
    check(origin, own) {
      const headers = new Headers({ vary: 'Origin' })
      if (origin === null || origin === own) return headers
      if (!allows(origin))
        throw new CocoonError('ERR_UNAUTHORIZED', 'pages of this origin may not call this gateway', {
          phase: 'gateway',
          httpStatus: 403
        })
      headers.set('access-control-allow-origin', origins === '*' ? '*' : origin)
      headers.set('access-control-expose-headers', EXPOSED_HEADERS)
      if (credentials) headers.set('access-control-allow-credentials', 'true')
      return headers
    },
    preflight(requested, headers) {
      const asked = (requested ?? '').slice(0, 4096).split(',')
      const sdk = asked.map((name) => name.trim().toLowerCase()).filter((name) => SDK_HEADERS.test(name))
      headers.set('access-control-allow-headers', [...known, ...sdk].join(', '))
      headers.set('access-control-allow-methods', 'GET, POST, OPTIONS')
      headers.set('access-control-max-age', String(maxAgeSeconds))
      return new Response(null, { status: 204, headers })
    }
  }
}
