/**
 * The policy that accepts nobody: what stands where a policy is due and none was given.
 *
 * @module
 */
import type { VerdictPolicy } from '../runtime/ports/verdict.js'
import { throwIfAborted } from '../runtime/shared/index.js'
import { Findings } from './report/findings.js'
import { buildReport, verdictOf } from './report/report.js'

/** Refuses every peer with the check `policy.accepts`. */
export function refuseAll(): VerdictPolicy {
  return {
    name: 'refuse-all',
    async judge(peer, { now, signal }) {
      throwIfAborted(signal, 'attestation')
      const findings = new Findings()
      findings.check('policy.accepts', false, 'no policy was given, so nobody is trusted')
      const facts = {
        kind: 'none',
        evidence: peer.certificateDer,
        judgedAt: now,
        trust: [],
        scope: ['certificate.', 'binding.', 'image.']
      } as const
      return verdictOf(await buildReport(findings, facts))
    }
  }
}
