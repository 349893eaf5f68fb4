/**
 * Verifies initData with Telegram's public key: for gateways that must not hold the bot's token.
 *
 * @module
 */
import { decodeBase64, encodeUtf8, hexToBytes } from '../../encoding/index.js'
import { CocoonError } from '../../errors.js'
import type { Authorize } from '../options.js'
import { authorizeInitData, dataCheckString, type InitDataOptions } from './init-data.js'

/** Telegram's Ed25519 keys for third parties, hex (core.telegram.org/bots/webapps, "third-party use"). */
export const TELEGRAM_PUBLIC_KEYS: { readonly production: string; readonly test: string } = {
  production: 'e7bf03a2fa4602af4580703d88dda5bb59f32ed8b02a56c187fe7d34caed242d',
  test: '40055058a4ee38156a06562e52eece92a771bcd8346a8c4615cb7376eddf72ec'
}

/** Options of {@link telegramInitDataThirdParty}. */
export interface TelegramThirdPartyOptions extends InitDataOptions {
  /** Id of the bot: the digits before the colon of its token. */
  readonly botId: number | string
  /** `'production'` (default), `'test'`, or 64 hex digits. */
  readonly publicKey?: 'production' | 'test' | (string & {}) | undefined
}

/**
 * Users of a Mini App by `initData` and its Ed25519 `signature`. The bot's token is not needed; the bot's id is, so that
 * a sign-in to another bot does not pass.
 *
 * @throws CocoonError `ERR_OPTIONS`.
 */
export function telegramInitDataThirdParty(options: TelegramThirdPartyOptions): Authorize {
  const { botId, publicKey = 'production' } = options
  if (!/^[1-9]\d{0,19}$/.test(String(botId)))
    throw optionError('botId', 'must be the digits before the colon of the token')
  const presets: Readonly<Record<string, string>> = TELEGRAM_PUBLIC_KEYS
  const hex = Object.hasOwn(presets, publicKey) ? (presets[publicKey] as string) : publicKey
  if (!/^[0-9a-fA-F]{64}$/.test(hex)) throw optionError('publicKey', 'must be 64 hex digits')
  const key = hexToBytes(hex)
  return authorizeInitData(options, async (fields) => {
    const signature = readSignature(fields.get('signature'))
    if (signature === undefined) return false
    const signed = encodeUtf8(`${botId}:WebAppData\n${dataCheckString(fields, 'hash', 'signature')}`)
    return verifyEd25519(key, signature, signed)
  })
}

function readSignature(text: string | undefined): Uint8Array<ArrayBuffer> | undefined {
  try {
    // Telegram writes base64url; with and without padding are both met.
    const bytes = decodeBase64((text ?? '').replace(/={0,2}$/, ''), { urlSafe: true })
    return bytes.length === 64 ? bytes : undefined
  } catch {
    return undefined
  }
}

/** WebCrypto where it knows Ed25519, else tweetnacl, which is loaded only then. */
async function verifyEd25519(
  key: Uint8Array<ArrayBuffer>,
  signature: Uint8Array<ArrayBuffer>,
  signed: Uint8Array<ArrayBuffer>
): Promise<boolean> {
  let imported: CryptoKey
  try {
    imported = await crypto.subtle.importKey('raw', key, 'Ed25519', false, ['verify'])
  } catch {
    const { default: nacl } = await import('tweetnacl')
    return nacl.sign.detached.verify(signed, signature, key)
  }
  return crypto.subtle.verify('Ed25519', imported, signature, signed)
}

function optionError(field: string, message: string): CocoonError {
  return new CocoonError('ERR_OPTIONS', `${field} ${message}`, { phase: 'options', field })
}
