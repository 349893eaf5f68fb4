/**
 * Signs initData as Telegram does: HMAC-SHA-256 with a key made of the bot's token (core.telegram.org/bots/webapps,
 * "Validating data received via the Mini App").
 *
 * @module
 */
import { createHmac } from 'node:crypto'

/** @returns {string} The query string that `Telegram.WebApp.initData` holds. */
export function signInitData(botToken, fields) {
  const signed = Object.entries(fields)
    .map(([name, value]) => `${name}=${value}`)
    .toSorted()
    .join('\n')
  const key = createHmac('sha256', 'WebAppData').update(botToken).digest()
  const hash = createHmac('sha256', key).update(signed).digest('hex')
  return new URLSearchParams({ ...fields, hash }).toString()
}
