/**
 * Verifies initData with the bot's own token.
 *
 * @module
 */
import { encodeUtf8, hexToBytes } from '../../encoding/index.js'
import { CocoonError } from '../../errors.js'
import type { Authorize } from '../options.js'
import { authorizeInitData, dataCheckString, type InitDataOptions } from './init-data.js'

/** Options of {@link telegramInitData}. */
export interface TelegramInitDataOptions extends InitDataOptions {
  /** `123456:ABC…`, as BotFather gave it. Keep it on the server. */
  readonly botToken: string
}

/**
 * Users of a Mini App by `initData`, sent as `authorization: tma …` or `x-telegram-init-data`: HMAC-SHA-256 with a key
 * made of the bot's token. Compared by WebCrypto, in constant time. There is no replay protection in it: without the option
 * `replay`, whoever holds an initData is that user until it is too old.
 *
 * @throws CocoonError `ERR_OPTIONS`.
 */
export function telegramInitData(options: TelegramInitDataOptions): Authorize {
  const { botToken } = options
  if (typeof botToken !== 'string' || !/^\d{1,20}:[\w-]{20,}$/.test(botToken))
    throw new CocoonError('ERR_OPTIONS', 'botToken does not look like a token of a bot', {
      phase: 'options',
      field: 'botToken'
    })
  const key = deriveKey(botToken)
  // Reported by the first request; without this, a rejection before it would end the process.
  key.catch(() => {})
  return authorizeInitData(options, async (fields) => {
    const hash = fields.get('hash') ?? ''
    if (!/^[0-9a-f]{64}$/.test(hash)) return false
    // `signature` is part of what is signed here; only `hash` is not.
    return crypto.subtle.verify('HMAC', await key, hexToBytes(hash), encodeUtf8(dataCheckString(fields, 'hash')))
  })
}

async function deriveKey(botToken: string): Promise<CryptoKey> {
  const hmac = { name: 'HMAC', hash: 'SHA-256' }
  const constant = await crypto.subtle.importKey('raw', encodeUtf8('WebAppData'), hmac, false, ['sign'])
  const secret = await crypto.subtle.sign('HMAC', constant, encodeUtf8(botToken))
  return crypto.subtle.importKey('raw', secret, hmac, false, ['verify'])
}
