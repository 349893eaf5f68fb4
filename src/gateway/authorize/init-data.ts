/**
 * Telegram's Mini App `initData`: reading it strictly, and what both ways of verifying it share. It is a query string
 * signed by Telegram (core.telegram.org/bots/webapps, "Validating data received via the Mini App").
 *
 * @module
 */
import { bytesToHex, encodeUtf8 } from '../../encoding/index.js'
import { CocoonError } from '../../errors.js'
import { unauthorized } from '../failure.js'
import type { Authorize, Caller } from '../options.js'
import type { GatewayUser } from '../budget.js'
import type { ReplayGuard } from './replay-guard.js'

/** What both helpers take. */
export interface InitDataOptions {
  /** Oldest `auth_date` that is taken, seconds. Default 3600. */
  readonly maxAgeSeconds?: number | undefined
  /** How far a clock may be ahead, seconds. Default 60. */
  readonly skewSeconds?: number | undefined
  /** Who may present a sign-in again. Default: whoever has it, until it is too old. */
  readonly replay?: ReplayGuard | undefined
  /**
   * Decides about a verified user, or makes another one of him (a quota, say). Default: `{ id: 'telegram:' + user id }`.
   *
   * @throws CocoonError `ERR_UNAUTHORIZED` to refuse.
   */
  readonly user?: ((user: TelegramUser) => GatewayUser | Promise<GatewayUser>) | undefined
}

/** Who signed in, as Telegram signed it. Names are the person's own choice: never HTML. */
export interface TelegramUser {
  readonly id: number
  readonly username?: string | undefined
  readonly first_name?: string | undefined
  readonly last_name?: string | undefined
  readonly language_code?: string | undefined
  readonly is_premium?: boolean | undefined
  /** Unix seconds of the signature. */
  readonly authDate: number
  /** The other signed fields, e.g. `start_param`, `chat_type`, as text. */
  readonly fields: ReadonlyMap<string, string>
}

/** Longest text that is looked at. Real ones have some 500 to 1,500 characters. */
const MAX_CHARS = 8192
const MAX_FIELDS = 64

/** The text as sent: `authorization: tma …` or `x-telegram-init-data`. @throws CocoonError `ERR_UNAUTHORIZED`. */
export function initDataOf({ headers }: Caller): string {
  const authorization = /^tma (\S+)$/i.exec(headers.get('authorization') ?? '')?.[1]
  const text = authorization ?? headers.get('x-telegram-init-data') ?? ''
  if (text === '' || text.length > MAX_CHARS) throw unauthorized()
  return text
}

/**
 * The fields, decoded. Refuses what a signature over decoded text cannot tell apart: names twice, line feeds, bad escapes.
 *
 * @throws CocoonError `ERR_UNAUTHORIZED`.
 */
export function parseInitData(text: string): Map<string, string> {
  const pairs = text.split('&')
  if (pairs.length > MAX_FIELDS) throw unauthorized()
  const fields = new Map<string, string>()
  for (const pair of pairs) {
    const at = pair.indexOf('=')
    const name = pair.slice(0, Math.max(at, 0))
    if (!/^[a-z][a-z0-9_]{0,63}$/.test(name) || fields.has(name)) throw unauthorized()
    fields.set(name, decodeValue(pair.slice(at + 1)))
  }
  return fields
}

function decodeValue(text: string): string {
  let value: string
  try {
    value = decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    throw unauthorized()
  }
  // A line feed in a value would let one field end and another begin inside of the signed text.
  if (/[\r\n\0]/.test(value)) throw unauthorized()
  return value
}

/** The signed text: all fields but the named ones, by name, one a line. */
export function dataCheckString(fields: ReadonlyMap<string, string>, ...without: readonly string[]): string {
  return [...fields]
    .filter(([name]) => !without.includes(name))
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`)
    .join('\n')
}

/** Makes an {@link Authorize} from a check of the signature. @throws CocoonError `ERR_OPTIONS`. */
export function authorizeInitData(
  options: InitDataOptions,
  isGenuine: (fields: ReadonlyMap<string, string>) => Promise<boolean>
): Authorize {
  const { maxAgeSeconds = 3600, skewSeconds = 60, replay } = options
  const { user: decide = ({ id }) => ({ id: `telegram:${id}` }) } = options
  if (!(maxAgeSeconds > 0) || !(skewSeconds >= 0))
    throw new CocoonError('ERR_OPTIONS', 'maxAgeSeconds and skewSeconds must be positive', { phase: 'options' })
  return async (caller) => {
    const fields = parseInitData(initDataOf(caller))
    if (!(await isGenuine(fields))) throw unauthorized()
    // Only now: before, it is a stranger's text.
    const authDate = fields.get('auth_date') ?? ''
    const ageSeconds = caller.nowMs / 1000 - Number(authDate)
    if (!/^\d{1,12}$/.test(authDate) || ageSeconds > maxAgeSeconds + skewSeconds || ageSeconds < -skewSeconds)
      throw unauthorized('the sign-in is too old, or not yet valid')
    const user = readUser(fields, Number(authDate))
    const expiresAtMs = (Number(authDate) + maxAgeSeconds + skewSeconds) * 1000
    if (replay !== undefined && !(await replay.admit({ id: await idOf(fields), expiresAtMs, caller })))
      throw unauthorized('the sign-in was used before')
    return await decide(user)
  }
}

/** Over what both signatures cover: `hash` and `signature` themselves may be anything where they are not what is checked. */
async function idOf(fields: ReadonlyMap<string, string>): Promise<string> {
  const signed = encodeUtf8(dataCheckString(fields, 'hash', 'signature'))
  return bytesToHex(new Uint8Array(await crypto.subtle.digest('SHA-256', signed)))
}

function readUser(fields: ReadonlyMap<string, string>, authDate: number): TelegramUser {
  let value: unknown
  try {
    value = JSON.parse(fields.get('user') ?? '')
  } catch {
    throw unauthorized()
  }
  const { id, username, first_name, last_name, language_code, is_premium } = (value ?? {}) as Record<string, unknown>
  if (!Number.isSafeInteger(id) || (id as number) <= 0) throw unauthorized()
  const text = (given: unknown): string | undefined => (typeof given === 'string' ? given : undefined)
  return {
    id: id as number,
    username: text(username),
    first_name: text(first_name),
    last_name: text(last_name),
    language_code: text(language_code),
    is_premium: is_premium === true,
    authDate,
    fields
  }
}
