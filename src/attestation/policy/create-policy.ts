/**
 * The policy that connections are judged with: certificate, evidence, collateral, image list, with one verification per
 * certificate however many connections ask, and a verdict that ends with the first thing that it rests on.
 *
 * @module
 */
import type { PeerEvidence, Verdict, VerdictPolicy } from '../../runtime/ports/verdict.js'
import { raceAbort, throwIfAborted } from '../../runtime/shared/index.js'
import { loadVerifier } from '../load-verifier.js'
import type { ProofBundle } from '../proof-bundle.js'
import { checkPolicyOptions } from './check-options.js'
import type { Judge } from './judge.js'
import type { AttestationPolicyOptions } from './options.js'

/** A policy that can also prove its verdicts to others. */
export interface AttestationVerdictPolicy extends VerdictPolicy {
  /** Evidence, collateral and time of a report that this policy made; `undefined` once it was forgotten. */
  proofBundle(reportId: string): Promise<ProofBundle | undefined>
}

/**
 * Makes a policy. Verdicts belong to it alone: two policies share nothing. The verifier is loaded when a connection
 * begins (`prepare`), at the latest with the first certificate.
 *
 * A verdict is used again only while certificate, image list, collateral and time allow it; refusals are never kept.
 *
 * @throws CocoonError `ERR_OPTIONS` for options of the wrong type or out of range, and without a list or a source. A list
 * that is empty is one: it refuses everything (`image.allow-list`). `judge` rejects with `ERR_ABORTED`, and with a
 * retryable `ERR_INTERNAL` while the verifier cannot be loaded.
 */
export function createAttestationPolicy(options: AttestationPolicyOptions): AttestationVerdictPolicy {
  checkPolicyOptions(options)
  const { imageHashes } = options
  const own = { ...options, imageHashes: typeof imageHashes === 'function' ? imageHashes : [...imageHashes] }
  let judge: Judge | undefined
  const load = async (): Promise<Judge> => {
    const { Judge: Made } = await loadVerifier()
    return (judge ??= new Made(own))
  }
  return {
    name: 'attestation',
    prepare() {
      // What is missing is said, and tried again, when there is somebody to judge.
      load().catch(() => undefined)
    },
    async judge({ certificateDer }: PeerEvidence, { now, signal }): Promise<Verdict> {
      throwIfAborted(signal, 'attestation')
      // Copies: what the caller holds may change while something is waited for. (`slice` of a Buffer is none.)
      const given: unknown = certificateDer
      const certificate = given instanceof Uint8Array ? new Uint8Array(given) : new Uint8Array(0)
      const at = new Date(now)
      return await (judge ?? (await raceAbort(load(), signal, 'attestation'))).judge(certificate, at, signal)
    },
    proofBundle: async (reportId) => await judge?.proofBundle(reportId)
  }
}
