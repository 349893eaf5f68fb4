/**
 * Options and reports of end-to-end encryption.
 *
 * @module
 */
import type { Clock, Random } from '../../runtime/ports/clock.js'

/**
 * - `required`: a call that cannot be encrypted fails (`ERR_ENCRYPTION_UNAVAILABLE`), and nothing is sent.
 * - `preferred`: encrypted whenever the proxy speaks protocol 3 or later and there is a usable key; else in clear inside
 *   the attested connection. Which of the two it was is shown with each answer.
 * - `off`: never encrypted.
 */
export type EncryptionMode = 'required' | 'preferred' | 'off'

/** A key that the network publishes for requests, as the registry of `cocoonkit/ton` and the devnet give it. */
export interface EncryptionKey {
  /** 32 bytes, 64 hex digits or 44 characters of base64. */
  readonly publicKey: Uint8Array | string
  /** Default 1, the only type in use; keys of other types are passed over. */
  readonly type?: number | undefined
  /** Unix seconds. */
  readonly expiresAtUnix: number
}

/**
 * The network's keys: a list, or a function that is asked before each call (it should cache; a registry does). What the
 * function throws fails the call: a source that fails must not quietly mean clear text.
 */
export type EncryptionKeySource =
  | readonly EncryptionKey[]
  | (() => readonly EncryptionKey[] | Promise<readonly EncryptionKey[]>)

/** A key that calls may use now. */
export interface UsableEncryptionKey {
  /** 64 lower-case hex digits. */
  readonly publicKey: string
  /** Unix seconds. */
  readonly expiresAtUnix: number
}

/** What encryption does and means for a client now. */
export interface EncryptionReport {
  readonly mode: EncryptionMode
  /** The longest-living first; empty when none can be used. */
  readonly usableKeys: readonly UsableEncryptionKey[]
  /** How the keys came here: options, a function of the caller, or not at all. The gateway and the proxies are never asked. */
  readonly keySource: 'given' | 'function' | 'none'
  /** Who can decrypt what is encrypted to these keys (v3.md §2.2). */
  readonly readableBy: readonly string[]
  /** What stays readable for everybody on the way. */
  readonly staysReadable: readonly string[]
}

/** Settings of the encrypting layer. */
export interface EncryptionSettings {
  readonly mode: Exclude<EncryptionMode, 'off'>
  readonly keys: EncryptionKeySource | undefined
  /** Allows the published test key. */
  readonly isTest: boolean
  /** See `encryptRequest`. */
  readonly padTo: number | undefined
  readonly clock: Clock
  readonly random: Random
}
