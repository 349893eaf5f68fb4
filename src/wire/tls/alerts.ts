/**
 * Alerts of RFC 8446 §6 and the error that carries them.
 *
 * @module
 */
import { CocoonError } from '../../errors.js'

/** Alert descriptions of RFC 8446 §6 by name. */
export const ALERTS = {
  close_notify: 0,
  unexpected_message: 10,
  bad_record_mac: 20,
  record_overflow: 22,
  handshake_failure: 40,
  bad_certificate: 42,
  unsupported_certificate: 43,
  certificate_revoked: 44,
  certificate_expired: 45,
  certificate_unknown: 46,
  illegal_parameter: 47,
  unknown_ca: 48,
  access_denied: 49,
  decode_error: 50,
  decrypt_error: 51,
  protocol_version: 70,
  insufficient_security: 71,
  internal_error: 80,
  user_canceled: 90,
  missing_extension: 109,
  unsupported_extension: 110,
  certificate_required: 116
} as const

/** Name of an alert. */
export type AlertName = keyof typeof ALERTS

/** One alert that was sent or received. */
export interface TlsAlert {
  /** Number on the wire, 0…255. */
  readonly code: number
  /** RFC 8446's name; `unknown` for a number it does not define. */
  readonly name: AlertName | 'unknown'
}

/** What a {@link TlsError} is made from. */
export interface TlsErrorOptions {
  /** The alert that we tell the peer about this error with. */
  readonly alertSent?: AlertName | undefined
  /** Number of the alert that the peer ended the connection with. */
  readonly alertReceived?: number | undefined
  readonly cause?: unknown
}

/**
 * TLS failed: code `ERR_TLS`, phase `tls`. At most one of the two alerts is present; with neither, the failure was local
 * (no usable cryptography). The connection is dead afterwards.
 */
export class TlsError extends CocoonError {
  /** The alert that we sent; the peer may not have received it. */
  readonly alertSent?: TlsAlert
  /** The alert that the peer sent. */
  readonly alertReceived?: TlsAlert

  constructor(message: string, { alertSent, alertReceived, cause }: TlsErrorOptions = {}) {
    super('ERR_TLS', message, { phase: 'tls', cause })
    this.name = 'TlsError'
    if (alertSent !== undefined) this.alertSent = describeAlert(ALERTS[alertSent])
    if (alertReceived !== undefined) this.alertReceived = describeAlert(alertReceived)
  }

  override toJSON(): Record<string, unknown> {
    const { alertSent, alertReceived } = this
    return { ...super.toJSON(), ...(alertSent && { alertSent }), ...(alertReceived && { alertReceived }) }
  }
}

/** Names an alert number. */
export function describeAlert(code: number): TlsAlert {
  const name = (Object.keys(ALERTS) as AlertName[]).find((known) => ALERTS[known] === code)
  return { code, name: name ?? 'unknown' }
}

/** Ends the connection because of what the peer did. @param what - What is wrong, in a word or two. @throws TlsError always. */
export function abort(alert: AlertName, what: string): never {
  throw new TlsError(`TLS ${alert}: ${what}`, { alertSent: alert })
}

/** The connection ended where it must not. @param retryable - Whether nothing of the caller's can have been used up. */
export function connectionLost(where: string, retryable = true): CocoonError {
  return new CocoonError('ERR_CONNECTION_LOST', `the connection ended ${where}`, { phase: 'tls', retryable })
}

/**
 * Reads an alert record: `level u8 · description u8`. The level is ignored (RFC 8446 §6: every alert but close_notify and
 * user_canceled is an error, whatever its level says).
 *
 * @returns whether it is close_notify; user_canceled is to be passed over.
 * @throws TlsError with `alertReceived` for error alerts; with `alertSent` `decode_error` for a malformed record.
 */
export function isCloseNotify(content: Uint8Array): boolean {
  const [, code, more] = content
  if (code === undefined || more !== undefined) abort('decode_error', 'alert')
  if (code !== ALERTS.close_notify && code !== ALERTS.user_canceled) throw peerAlert(code)
  return code === ALERTS.close_notify
}

/** The error for an alert of the peer that ended the connection. */
export function peerAlert(code: number): TlsError {
  return new TlsError(`the peer sent the alert ${describeAlert(code).name} (${code})`, { alertReceived: code })
}

/** Writes an alert of ours: close_notify is a warning, the rest is fatal. */
export function encodeAlert(name: AlertName): Uint8Array {
  const code = ALERTS[name]
  return Uint8Array.of(code === 0 ? 1 : 2, code)
}
