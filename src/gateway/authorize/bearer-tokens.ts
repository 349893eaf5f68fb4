/**
 * Users by bearer token, with expiry and quota.
 *
 * @module
 */
import { bytesToHex, encodeUtf8 } from '../../encoding/index.js'
import { CocoonError } from '../../errors.js'
import { unauthorized } from '../failure.js'
import type { Authorize } from '../options.js'

/** What a token stands for. */
export interface BearerToken {
  /** Id of the user; several tokens may have one user. */
  readonly user: string
  /** Unix seconds from which the token is refused. Default: never. */
  readonly expiresAtUnix?: number | undefined
  /** Nanotons that the user may spend in all. Default: what the gateway's budget says. */
  readonly quotaNano?: bigint | undefined
  /** Requests at once. Default: the gateway's limit. */
  readonly maxConcurrent?: number | undefined
}

/** Options of {@link bearerTokens}; exactly one of the two. */
export interface BearerTokensOptions {
  /** By the token itself, at least 16 characters each; kept only as hashes. */
  readonly tokens?: Readonly<Record<string, BearerToken>> | undefined
  /** By the token's SHA-256, 64 lower-case hex digits: for tokens in a database. `undefined` = there is none. */
  readonly find?: ((tokenSha256: string) => BearerToken | undefined | Promise<BearerToken | undefined>) | undefined
}

/** Longest token that is looked at. */
const MAX_TOKEN_CHARS = 4096

/**
 * Takes `authorization: Bearer …`, as OpenAI's tools send their API key. Tokens are compared by their hashes, so that
 * neither time nor memory tells one.
 *
 * @throws CocoonError `ERR_OPTIONS` for tokens that can be guessed.
 */
export function bearerTokens({ tokens, find }: BearerTokensOptions): Authorize {
  if ((tokens === undefined) === (find === undefined)) throw optionError('needs either tokens or find')
  for (const token of Object.keys(tokens ?? {}))
    if (token.length < 16 || !/^[\x21-\x7e]+$/.test(token))
      throw optionError('takes tokens of 16 visible ASCII characters or more')
  const hashed =
    tokens === undefined
      ? undefined
      : Promise.all(Object.entries(tokens).map(async ([token, entry]) => [await hash(token), entry] as const)).then(
          (entries) => new Map(entries)
        )
  return async ({ headers, nowMs }) => {
    const token = /^Bearer ([\x21-\x7e]+)$/i.exec(headers.get('authorization') ?? '')?.[1]
    if (token === undefined || token.length > MAX_TOKEN_CHARS) throw unauthorized()
    const tokenHash = await hash(token)
    const entry = hashed === undefined ? await find?.(tokenHash) : (await hashed).get(tokenHash)
    if (entry === undefined) throw unauthorized()
    if (entry.expiresAtUnix !== undefined && !(nowMs / 1000 < entry.expiresAtUnix))
      throw unauthorized('the token has expired')
    return { id: entry.user, quotaNano: entry.quotaNano, maxConcurrent: entry.maxConcurrent }
  }
}

async function hash(token: string): Promise<string> {
  return bytesToHex(new Uint8Array(await crypto.subtle.digest('SHA-256', encodeUtf8(token))))
}

function optionError(message: string): CocoonError {
  return new CocoonError('ERR_OPTIONS', `bearerTokens ${message}`, { phase: 'options', field: 'tokens' })
}
