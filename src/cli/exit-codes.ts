/**
 * What the process says by its exit code. Scripts rely on it: codes are added, never changed.
 *
 * @module
 */
import { CocoonError, type ErrorCode, type ErrorPhase } from '../index.js'

/** Exit codes of every command. */
export const EXIT = {
  ok: 0,
  /** Something failed that none of the other codes names. */
  failure: 1,
  /** Wrong arguments, options or request fields; nothing was sent. */
  usage: 2,
  /** No proxy could be reached, or the connection broke before the request was sent. */
  network: 3,
  /** The peer was refused by the attestation policy. */
  attestation: 4,
  /** The proxy refused the account. */
  account: 5,
  /** The network answered with an error, or with an answer that is not whole. */
  answer: 6,
  /** The time budget ran out. */
  timeout: 7,
  /** Ended by SIGINT or SIGTERM. */
  interrupted: 130
} as const

/** Lines for `--help`. */
export const EXIT_CODE_HELP: readonly string[] = [
  '0 ok · 1 failure · 2 usage · 3 network · 4 peer refused by attestation · 5 account refused',
  '6 error answer · 7 timeout · 130 interrupted'
]

const BY_CODE: Partial<Record<ErrorCode, number>> = {
  ERR_ABORTED: EXIT.interrupted,
  ERR_TIMEOUT: EXIT.timeout,
  ERR_ATTESTATION_REFUSED: EXIT.attestation,
  ERR_ATTESTATION_COLLATERAL: EXIT.attestation,
  ERR_NO_PROXY: EXIT.network
}

const BY_PHASE: Partial<Record<ErrorPhase, number>> = {
  options: EXIT.usage,
  request: EXIT.usage,
  dial: EXIT.network,
  pow: EXIT.network,
  tls: EXIT.network,
  attestation: EXIT.attestation,
  handshake: EXIT.network,
  authorization: EXIT.account,
  query: EXIT.answer,
  answer: EXIT.answer,
  stream: EXIT.answer
}

/** The exit code that stands for a failure. */
export function exitCodeOf(error: unknown): number {
  if (!CocoonError.is(error)) return EXIT.failure
  return BY_CODE[error.code] ?? BY_PHASE[error.phase] ?? EXIT.failure
}
