/**
 * The two messages of the proof of work (protocol/wire.md §2.1). Numbers are little-endian.
 *
 * @module
 */
import { CocoonError } from '../../errors.js'
import { ByteReader, ByteWriter } from '../../encoding/index.js'

/** Bytes of a challenge: u32 magic, i32 difficulty, salt. */
export const POW_CHALLENGE_BYTES = 24
/** Bytes of a response: u32 magic, i64 nonce. */
export const POW_RESPONSE_BYTES = 12
/** Bytes of a salt. */
export const POW_SALT_BYTES = 16

const CHALLENGE_MAGIC = 0x418e1291
const RESPONSE_MAGIC = 0x01827319

/** What the server asks for. */
export interface PowChallenge {
  /** Leading zero bits that the digest must have; i32. Zero or less accepts any nonce, more than 64 none. */
  readonly difficultyBits: number
  /** 16 bytes, fresh for every connection. */
  readonly salt: Uint8Array
}

/**
 * Reads a challenge; the salt is copied.
 *
 * @throws CocoonError `ERR_POW_CHALLENGE` for another length or magic.
 */
export function decodePowChallenge(bytes: Uint8Array): PowChallenge {
  if (bytes.length !== POW_CHALLENGE_BYTES) throw challengeError(`challenge is not ${POW_CHALLENGE_BYTES} bytes`)
  const reader = new ByteReader(bytes)
  if (reader.u32le() !== CHALLENGE_MAGIC) throw challengeError('not a proof-of-work challenge')
  return { difficultyBits: reader.i32le(), salt: reader.take(POW_SALT_BYTES).slice() }
}

/**
 * The 24 bytes of a challenge.
 *
 * @throws CocoonError `ERR_POW_CHALLENGE` when the difficulty is not an i32 or the salt is not 16 bytes.
 */
export function encodePowChallenge(challenge: PowChallenge): Uint8Array<ArrayBuffer> {
  const { difficultyBits, salt } = checkPowChallenge(challenge)
  return new ByteWriter(POW_CHALLENGE_BYTES).u32le(CHALLENGE_MAGIC).i32le(difficultyBits).bytes(salt).finish()
}

/**
 * The nonce of a response, −2⁶³…2⁶³−1.
 *
 * @throws CocoonError `ERR_PROTOCOL` for another length or magic.
 */
export function decodePowResponse(bytes: Uint8Array): bigint {
  const reader = new ByteReader(bytes)
  if (bytes.length !== POW_RESPONSE_BYTES || reader.u32le() !== RESPONSE_MAGIC) {
    throw new CocoonError('ERR_PROTOCOL', 'not a proof-of-work response', { phase: 'pow' })
  }
  return reader.i64le()
}

/** The 12 bytes of a response. The nonce is taken modulo 2⁶⁴. */
export function encodePowResponse(nonce: bigint): Uint8Array<ArrayBuffer> {
  return new ByteWriter(POW_RESPONSE_BYTES).u32le(RESPONSE_MAGIC).i64le(nonce).finish()
}

/** The challenge itself when its values are possible, else `ERR_POW_CHALLENGE`. */
export function checkPowChallenge(challenge: PowChallenge): PowChallenge {
  const { difficultyBits, salt } = challenge
  if ((difficultyBits | 0) !== difficultyBits) throw challengeError('difficulty is not an integer of 32 bits')
  if (salt.length !== POW_SALT_BYTES) throw challengeError(`salt is not ${POW_SALT_BYTES} bytes`)
  return challenge
}

function challengeError(message: string): CocoonError {
  return new CocoonError('ERR_POW_CHALLENGE', message, { phase: 'pow' })
}
