/**
 * What no verification of this network's evidence can establish. Part of every report, so that nobody reads more into a
 * verdict than it says. Sources: attestation.md §8, gaps.md D6, D10, D11, D18, v3.md §6.4.
 *
 * @module
 */
import type { AttestationResidual, EvidenceKind } from '../../runtime/ports/verdict.js'

const COMMON: readonly AttestationResidual[] = [
  {
    id: 'residual.worker',
    statement:
      'The worker that will answer is not identified: that it is attested, and runs the model asked for, is a statement of the proxy.'
  },
  {
    id: 'residual.freshness',
    statement:
      'The evidence carries no nonce and no time: it proves that the key was inside such a machine once, not that it is there now.'
  },
  {
    id: 'residual.relay',
    statement: 'Whoever obtained the TLS key of a genuine machine can present its evidence from elsewhere.'
  },
  {
    id: 'residual.physical',
    statement: 'Physical attacks on the memory bus or the processor are outside of what the vendors promise.'
  },
  {
    id: 'residual.image',
    statement: 'The image hash names the software; whether that software keeps its promises is a matter of reading it.'
  },
  {
    id: 'residual.figures',
    statement: 'Token counts, prices and timings are statements of the proxy, not covered by the evidence.'
  }
]

const SNP: AttestationResidual = {
  id: 'residual.snp-configuration',
  statement:
    'On AMD the measurement binds neither the configuration of the node nor, as launched today, kernel and command line.'
}

/** Residuals that belong to a kind of evidence. */
export function residualsOf(kind: EvidenceKind): readonly AttestationResidual[] {
  return kind === 'snp' ? [...COMMON, SNP] : COMMON
}
