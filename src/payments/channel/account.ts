/**
 * Who pays: an owner address and a secret. The secret is 32 random bytes; its SHA-256 stands on the chain for everybody to
 * see, so a guessable one is worth nothing, and a lost one locks the account out until it is changed on chain.
 *
 * Exported accounts are encrypted with a passphrase: PBKDF2-HMAC-SHA-256, AES-256-GCM.
 *
 * @module
 */
import {
  bytesToHex,
  decodeBase64,
  encodeBase64,
  encodeUtf8,
  decodeUtf8Strict,
  hexToBytes
} from '../../encoding/index.js'
import { CocoonError } from '../../errors.js'
import type { Random } from '../../runtime/ports/clock.js'
import { rawAddress, type AddressInput } from '../contracts/index.js'

/** An account as it is handed to a client. */
export interface Account {
  /** Raw address of the owner. */
  readonly owner: string
  /** 32 bytes. */
  readonly secret: Uint8Array
}

/** SHA-256 of nothing: what a real mainnet contract carries because its operator left the secret empty. */
export const EMPTY_SECRET_HASH = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'

const SECRET_BYTES = 32
const SALT_BYTES = 16
const NONCE_BYTES = 12
/** OWASP's figure for PBKDF2-HMAC-SHA-256 (2023). */
const ITERATIONS = 600_000
/** Most rounds that an imported account may ask for; more would only keep the importer busy. */
const MAX_ITERATIONS = 10_000_000
const MIN_PASSPHRASE_LENGTH = 12
const MAX_EXPORT_CHARACTERS = 4096

function accountError(message: string, cause?: unknown): CocoonError {
  return new CocoonError('ERR_ACCOUNT', message, { phase: 'channel', cause })
}

/** A fresh account of an owner. @throws CocoonError `ERR_ENCODING` for a bad address. */
export function createAccount(owner: AddressInput, random: Random): Account {
  return { owner: rawAddress(owner), secret: random.bytes(SECRET_BYTES) }
}

/**
 * Refuses secrets that somebody could guess. A strong secret cannot be told from its looks; what is caught are the
 * mistakes: too short, all bytes equal, or bytes that are text of hex digits or words instead of random bytes.
 *
 * @throws CocoonError `ERR_ACCOUNT`.
 */
export function assertStrongSecret(secret: Uint8Array): void {
  if (!(secret instanceof Uint8Array) || secret.length < SECRET_BYTES)
    throw accountError(`the secret must be at least ${SECRET_BYTES} random bytes`)
  if (new Set(secret).size < 12) throw accountError('the secret is not random: its bytes repeat')
  if (secret.length === SECRET_BYTES && secret.every((byte) => byte >= 0x20 && byte < 0x7f))
    throw accountError('the secret is text, not random bytes')
}

/** SHA-256 of a secret, hex: what the chain stores. */
export async function secretHash(secret: Uint8Array): Promise<string> {
  return bytesToHex(new Uint8Array(await crypto.subtle.digest('SHA-256', secret.slice())))
}

async function passphraseKey(passphrase: string, salt: Uint8Array, iterations: number): Promise<CryptoKey> {
  const material = await crypto.subtle.importKey(
    'raw',
    encodeUtf8(passphrase.normalize('NFKC')).slice(),
    'PBKDF2',
    false,
    ['deriveKey']
  )
  return crypto.subtle.deriveKey(
    { name: 'PBKDF2', hash: 'SHA-256', salt: salt.slice(), iterations },
    material,
    { name: 'AES-GCM', length: 256 },
    false,
    ['encrypt', 'decrypt']
  )
}

/** What is bound to the ciphertext besides the key: format and owner cannot be exchanged. */
function additionalData(owner: string): Uint8Array<ArrayBuffer> {
  return encodeUtf8(`cocoonkit.account.v1:${owner}`).slice()
}

/**
 * Encrypts an account to text. @param passphrase - At least 12 characters.
 *
 * @throws CocoonError `ERR_ACCOUNT` for a short passphrase or a weak secret.
 */
export async function exportAccount(account: Account, passphrase: string, random: Random): Promise<string> {
  if (passphrase.length < MIN_PASSPHRASE_LENGTH)
    throw accountError(`the passphrase must have at least ${MIN_PASSPHRASE_LENGTH} characters`)
  assertStrongSecret(account.secret)
  const owner = rawAddress(account.owner)
  const salt = random.bytes(SALT_BYTES)
  const nonce = random.bytes(NONCE_BYTES)
  const key = await passphraseKey(passphrase, salt, ITERATIONS)
  const algorithm = { name: 'AES-GCM', iv: nonce.slice(), additionalData: additionalData(owner) }
  const sealed = new Uint8Array(
    await crypto.subtle.encrypt(algorithm, key, encodeUtf8(bytesToHex(account.secret)).slice())
  )
  return JSON.stringify({
    format: 'cocoonkit.account.v1',
    owner,
    kdf: { name: 'PBKDF2-HMAC-SHA-256', iterations: ITERATIONS, salt: encodeBase64(salt) },
    cipher: { name: 'AES-256-GCM', nonce: encodeBase64(nonce), data: encodeBase64(sealed) }
  })
}

interface Sealed {
  readonly owner: string
  readonly iterations: number
  readonly salt: Uint8Array
  readonly nonce: Uint8Array
  readonly data: Uint8Array
}

function parseSealed(text: string): Sealed {
  if (text.length > MAX_EXPORT_CHARACTERS) throw accountError('this is not an exported account')
  try {
    const value = JSON.parse(text) as {
      format?: unknown
      owner?: unknown
      kdf?: Record<string, unknown>
      cipher?: Record<string, unknown>
    }
    const iterations = value.kdf?.['iterations']
    if (value.format !== 'cocoonkit.account.v1' || typeof iterations !== 'number' || !Number.isInteger(iterations))
      throw new Error('format')
    if (iterations < 100_000 || iterations > MAX_ITERATIONS) throw new Error('iterations')
    return {
      owner: rawAddress(String(value.owner)),
      iterations,
      salt: decodeBase64(String(value.kdf?.['salt'])),
      nonce: decodeBase64(String(value.cipher?.['nonce'])),
      data: decodeBase64(String(value.cipher?.['data']))
    }
  } catch (cause) {
    throw accountError('this is not an exported account', cause)
  }
}

/** Decrypts an exported account. @throws CocoonError `ERR_ACCOUNT` for other text, a wrong passphrase or changed bytes. */
export async function importAccount(text: string, passphrase: string): Promise<Account> {
  const sealed = parseSealed(text)
  try {
    const key = await passphraseKey(passphrase, sealed.salt, sealed.iterations)
    const algorithm = { name: 'AES-GCM', iv: sealed.nonce.slice(), additionalData: additionalData(sealed.owner) }
    const opened = await crypto.subtle.decrypt(algorithm, key, sealed.data.slice())
    return { owner: sealed.owner, secret: hexToBytes(decodeUtf8Strict(new Uint8Array(opened))) }
  } catch (cause) {
    throw accountError('wrong passphrase, or the exported account was changed', cause)
  }
}
