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

  constructor(message: string, options: TlsErrorOptions = {}) {
    super('ERR_TLS', message, { phase: 'tls', cause: options.cause })
    this.name = 'TlsError'
    if (options.alertSent !== undefined) this.alertSent = describeAlert(ALERTS[options.alertSent])
    if (options.alertReceived !== undefined) this.alertReceived = describeAlert(options.alertReceived)
  }

  override toJSON(): Record<string, unknown> {
    const json = super.toJSON()
    if (this.alertSent !== undefined) json['alertSent'] = this.alertSent
    if (this.alertReceived !== undefined) json['alertReceived'] = this.alertReceived
    return json
  }
}

/** Names an alert number. */
export function describeAlert(code: number): TlsAlert {
  const entry = Object.entries(ALERTS).find(([, known]) => known === code)
  return { code, name: entry === undefined ? 'unknown' : (entry[0] as AlertName) }
}

/** Ends the connection because of what the peer did. @throws TlsError always. */
export function abort(alert: AlertName, message: string): never {
  throw new TlsError(message, { alertSent: alert })
}

/** What a received alert means for the connection when it is not an error. */
export type BenignAlert = 'close_notify' | 'user_canceled'

/**
 * Reads an alert record: `level u8 · description u8`. The level is ignored (RFC 8446 §6: every alert but close_notify and
 * user_canceled is an error, whatever its level says).
 *
 * @throws TlsError with `alertReceived` for error alerts; with `alertSent` `decode_error` for a malformed record.
 */
export function readAlert(content: Uint8Array): BenignAlert {
  if (content.length !== 2) abort('decode_error', 'an alert is two bytes')
  const code = content[1]!
  if (code === ALERTS.close_notify) return 'close_notify'
  if (code === ALERTS.user_canceled) return 'user_canceled'
  throw new TlsError(`the peer sent the alert ${describeAlert(code).name} (${code})`, { alertReceived: code })
}

/** Writes an alert: close_notify and user_canceled are warnings, the rest is fatal. */
export function encodeAlert(name: AlertName): Uint8Array {
  const code = ALERTS[name]
  return Uint8Array.of(code === ALERTS.close_notify || code === ALERTS.user_canceled ? 1 : 2, code)
}
