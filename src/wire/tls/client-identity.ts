/**
 * The client's own certificate: a throw-away Ed25519 key, made in memory, bound to nothing (wire.md §3.4).
 *
 * @module
 */
import { createClientCertificate } from '../../encoding/x509/index.js'
import type { Clock, Random } from '../../runtime/ports/clock.js'
import { SCHEME_ED25519 } from './constants.js'

/** Signs bytes. */
export type Sign = (content: Uint8Array) => Promise<Uint8Array>

/** A certificate whose key can sign. */
export interface ClientIdentity {
  /** Leaf first, DER. */
  readonly chain: readonly Uint8Array[]
  readonly scheme: number
  readonly sign: Sign
}

/** Gives the identity for a connection that starts now. Safe to call in parallel. */
export type IdentityProvider = (platform: { readonly clock: Clock; readonly random: Random }) => Promise<ClientIdentity>

const DAY_MS = 86_400_000

/** Age at which the next connection gets a new identity, so that a certificate is always far from its end. */
const RENEW_AFTER_MS: number = DAY_MS

/**
 * Provider of one identity per process, renewed daily. The certificate is valid from a day before (servers refuse one from
 * the future, and clocks differ) until a week after it was made, is self-signed and has no extensions.
 */
export function createIdentityProvider(): IdentityProvider {
  let current: Promise<ClientIdentity> | undefined
  let madeAtMs = 0
  return ({ clock, random }) => {
    const ageMs = clock.now() - madeAtMs
    if (current === undefined || ageMs < 0 || ageMs >= RENEW_AFTER_MS) {
      madeAtMs = clock.now()
      const made = makeIdentity(madeAtMs, random)
      current = made
      made.catch(() => {
        if (current === made) current = undefined
      })
    }
    return current
  }
}

async function makeIdentity(nowMs: number, random: Random): Promise<ClientIdentity> {
  const serial = random.bytes(16)
  serial[0] = (serial[0]! & 0x7f) | 0x40 // positive, and never shorter
  const { certificateDer, sign } = await createClientCertificate({
    serial,
    notBefore: new Date(nowMs - DAY_MS),
    notAfter: new Date(nowMs + 7 * DAY_MS)
  })
  return { chain: [certificateDer], scheme: SCHEME_ED25519, sign }
}
