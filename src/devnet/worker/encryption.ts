/**
 * What a worker does for encrypted requests: opens them with the key that came along, and encrypts every JSON value of
 * the answer back to the sender.
 *
 * Source: v3.md §2.4–2.8 (runners/helpers/ValidateRequest.cpp @9060ce5). Unlike the reference it does not take `DEC_`.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import { decodeUtf8, encodeUtf8, equalBytes } from '../../encoding/index.js'
import {
  decryptFormParts,
  decryptRequest,
  encryptAnswer,
  EnvelopeError,
  type NetworkKeyPair,
  parsePublicKey
} from '../../envelope/index.js'
import { parseForm, serializeForm } from './form.js'
import { WorkerRejection } from './rejection.js'

const FIELDS = ['is_encrypted', 'sender_public_key', 'receiver_public_key', 'encryption_nonce'] as const

/** An opened request. */
export interface OpenedRequest {
  readonly payload: Uint8Array
  /** Encrypts what the body filter gives out; absent for requests in clear. */
  readonly seal: ((output: Uint8Array) => Promise<Uint8Array>) | undefined
}

/**
 * Opens a request.
 *
 * @param pair - What the proxy sent along, if anything.
 * @throws WorkerRejection with the reference's code and text.
 */
export async function openRequest(
  isForm: boolean,
  contentType: string,
  payload: Uint8Array,
  pair: NetworkKeyPair | undefined
): Promise<OpenedRequest> {
  const fields = isForm ? readParts(contentType, payload) : readObject(payload)
  if (fields?.['is_encrypted'] === undefined) {
    if (pair !== undefined) throw new WorkerRejection(602, 'encryption key is provided, but request is unencrypted')
    return { payload, seal: undefined }
  }
  if (FIELDS.some((name) => typeof fields[name] !== 'string'))
    throw new WorkerRejection(602, 'not all encryption-related fields are present')
  if (pair === undefined) throw new WorkerRejection(602, 'cannot find private key for an encrypted request')
  try {
    if (!equalBytes(parsePublicKey(fields['receiver_public_key'] as string), pair.publicKey))
      throw new WorkerRejection(602, 'public key mismatch')
    const sender = parsePublicKey(fields['sender_public_key'] as string)
    const opened = isForm ? await openForm(contentType, payload, pair) : await openObject(fields, pair)
    return { payload: opened, seal: (output) => sealOutput(output, pair, sender) }
  } catch (error) {
    if (!(error instanceof EnvelopeError)) throw error
    if (error.code === 'ERR_ENVELOPE_PLAINTEXT') throw new WorkerRejection(621, 'bad encryption method: ')
    throw new WorkerRejection(0, 'Failed to decrypt: msg_id mismatch')
  }
}

/** The envelope stays in the object and goes to the inference server. */
async function openObject(fields: Record<string, unknown>, pair: NetworkKeyPair): Promise<Uint8Array> {
  const { body } = await decryptRequest(fields, pair.seed)
  for (const name of FIELDS) body[name] = fields[name]
  return encodeUtf8(JSON.stringify(body))
}

async function openForm(contentType: string, payload: Uint8Array, pair: NetworkKeyPair): Promise<Uint8Array> {
  const form = parseForm(contentType, payload)
  const texts = new Map([...form.parts].map(([name, { value }]) => [name, decodeUtf8(value)]))
  const { parts } = await decryptFormParts(texts, pair.seed)
  const opened = [...form.parts]
    .filter(([name]) => !(FIELDS as readonly string[]).includes(name))
    .map(([name, part]) => [name, { ...part, value: parts.get(name) ?? part.value }] as const)
  return serializeForm({ boundary: form.boundary, parts: new Map(opened) })
}

function readObject(payload: Uint8Array): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(decodeUtf8(payload))
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined
  } catch {
    return undefined
  }
}

function readParts(contentType: string, payload: Uint8Array): Record<string, string> {
  const { parts } = parseForm(contentType, payload)
  return Object.fromEntries([...parts].map(([name, { value }]) => [name, decodeUtf8(value)]))
}

/** Output comes as whole lines, each a JSON value or an event of one. Values that are no objects are dropped. */
async function sealOutput(output: Uint8Array, pair: NetworkKeyPair, sender: Uint8Array): Promise<Uint8Array> {
  const random = { bytes: (length: number) => new Uint8Array(randomBytes(length)) }
  let sealed = ''
  for (const line of decodeUtf8(output).split('\n')) {
    const prefix = line.startsWith('data: ') ? 'data: ' : ''
    const value = readObject(encodeUtf8(line.slice(prefix.length)))
    if (value !== undefined)
      sealed += `${prefix}${JSON.stringify(await encryptAnswer(value, pair, sender, random))}\n${prefix === '' ? '' : '\n'}`
    else if (line === 'data: [DONE]') sealed += `${line}\n\n`
  }
  return encodeUtf8(sealed)
}
