/**
 * The market as the proxy shows it (session.md §9).
 *
 * @module
 */
import type { TlValue } from '../../encoding/tl/index.js'
import type { WorkerType } from '../../runtime/ports/inference.js'

/** Stands among V1's coefficients for "nobody". */
const NO_COEFFICIENT = 2_147_483_647

/** V2 as it is. V1 has statistics only: each of its distinct coefficients becomes one worker of unknown load (0 of 0). */
export function workerTypesOf(answer: TlValue<'client.workerTypesV2' | 'client.workerTypes'>): readonly WorkerType[] {
  if (answer.type === 'client.workerTypesV2') {
    return answer.types.map(({ name, workers }) => ({
      name,
      workers: workers.map(({ coefficient, activeRequests, maxActiveRequests }) => ({
        coefficient,
        activeRequests,
        maxActiveRequests
      }))
    }))
  }
  return answer.types.map(({ name, activeWorkers, coefficientMin, coefficientBucket50, coefficientMax }) => {
    const known = [...new Set([coefficientMin, coefficientBucket50, coefficientMax])].filter(
      (coefficient) => activeWorkers > 0 && coefficient !== NO_COEFFICIENT
    )
    return { name, workers: known.map((coefficient) => ({ coefficient, activeRequests: 0, maxActiveRequests: 0 })) }
  })
}
