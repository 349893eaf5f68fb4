/**
 * The error for a negative verdict. It stands beside the verdict's types, and not in the room that raises it, so that an
 * application can name it without loading the wire.
 *
 * @module
 */
import { CocoonError, type CocoonErrorOptions } from '../../errors.js'
import type { AttestationReport } from './verdict.js'

/**
 * The verdict on the peer was negative (`ERR_ATTESTATION_REFUSED`). The report says by which checks; it is not
 * enumerable, so that logging the error does not print it.
 */
export class AttestationRefusedError extends CocoonError {
  declare readonly report: AttestationReport

  constructor(report: AttestationReport, options?: Partial<CocoonErrorOptions>) {
    const checks = report.refusedBy.length === 0 ? '' : ` by ${report.refusedBy.slice(0, 8).join(', ')}`
    super('ERR_ATTESTATION_REFUSED', `the peer was refused${checks}`, { phase: 'attestation', ...options })
    this.name = 'AttestationRefusedError'
    Object.defineProperty(this, 'report', { value: report, enumerable: false })
  }
}
