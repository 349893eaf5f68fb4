/**
 * What an HTTP error of a gateway means. Two shapes are known: ours (OpenAI's, with codes) and that of the reference
 * client (v3.md §8). All of it is the gateway's word: it decides about a repeat only where nothing can be lost by it.
 *
 * @module
 */
import { type Charged, CocoonError, ERROR_CODES, type ErrorCode } from '../../errors.js'

/** Text of the reference client around the network's error. */
const REFERENCE_TEXT = /^(?:Internal|Technical) data: \[Error : (\d+) : (.*)\]$/s

/**
 * The error for a status that is not 2xx, or `undefined` when it is the inference server's own answer, which the surface
 * reports.
 */
export function readRefusal(status: number, text: string): CocoonError | undefined {
  const json = parseObject(text)
  if (json !== undefined && typeof json['error_code'] === 'number')
    return referenceError(status, json['error_code'], json['error'])
  const error = json?.['error']
  if (typeof error === 'object' && error !== null && isCode((error as { code?: unknown }).code))
    return ownError(status, error)
  if (status === 401 || status === 403)
    return gatewayError('ERR_UNAUTHORIZED', 'the gateway refused the credentials', status, text)
  if (json !== undefined) return undefined
  const noProxy = status === 503 && text.includes('no working proxy connections')
  return noProxy
    ? gatewayError('ERR_NO_PROXY', 'the gateway has no connection to a proxy', status, text, true)
    : gatewayError('ERR_GATEWAY', `the gateway answered with status ${status} and no API error`, status, text)
}

/** `ERR_GATEWAY` for an answer that no API gives. */
export function notTheApi(what: string, peerText?: string): CocoonError {
  return gatewayError('ERR_GATEWAY', `the gateway answered with ${what}`, 502, peerText)
}

function gatewayError(
  code: ErrorCode,
  message: string,
  httpStatus: number,
  peerText: string | undefined,
  retryable = false
): CocoonError {
  const charged: Charged = code === 'ERR_GATEWAY' ? 'unknown' : 'no'
  return new CocoonError(code, message, { phase: 'gateway', httpStatus, peerText, retryable, charged })
}

function referenceError(httpStatus: number, code: number, text: unknown): CocoonError {
  const match = typeof text === 'string' ? REFERENCE_TEXT.exec(text) : null
  return networkError(httpStatus, code, match?.[2] ?? (typeof text === 'string' ? text : ''), 'no', false)
}

function ownError(httpStatus: number, error: object): CocoonError {
  const {
    code,
    peer_code: peerCode,
    peer_text: peerText,
    charged,
    retryable,
    message
  } = error as Record<string, unknown>
  const isFree = charged === 'no'
  const said = isFree || charged === 'yes' ? (charged as Charged) : 'unknown'
  const mayRepeat = isFree && retryable === true
  const text = typeof peerText === 'string' ? peerText : typeof message === 'string' ? message : undefined
  if (code === 'ERR_QUERY_REFUSED') return networkError(httpStatus, peerCode, text ?? '', said, mayRepeat)
  return new CocoonError(code as ErrorCode, `the gateway reports ${String(code)}`, {
    phase: 'gateway',
    httpStatus,
    charged: said,
    retryable: mayRepeat,
    peerText: text,
    peerCode: typeof peerCode === 'number' ? peerCode : undefined
  })
}

function networkError(
  httpStatus: number,
  code: unknown,
  peerText: string,
  charged: Charged,
  retryable: boolean
): CocoonError {
  const peerCode = typeof code === 'number' ? code : undefined
  return new CocoonError('ERR_QUERY_REFUSED', `the network answered with an error (code ${peerCode ?? 0})`, {
    phase: 'answer',
    httpStatus,
    peerText,
    peerCode,
    charged,
    retryable
  })
}

function isCode(code: unknown): code is ErrorCode {
  return (ERROR_CODES as readonly unknown[]).includes(code)
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined
  } catch {
    return undefined
  }
}
