/**
 * What carries requests straight to proxies: one pool, or the pools that follow a registry.
 *
 * @module
 */
import type { CallBudget, InferenceTransport } from '../../runtime/ports/inference.js'
import type { OpenConnection, ProxyCandidate } from '../network/index.js'

/** A direct way to proxies. */
export interface DirectCarrier extends InferenceTransport {
  readonly candidates: readonly ProxyCandidate[]
  readonly connections: readonly OpenConnection[]
  /** The connection that the next call would use, dialled when there is none. */
  connect(budget: CallBudget): Promise<OpenConnection>
  /** Rejects what is pending with `ERR_CLOSED`. Safe to call twice. */
  close(): Promise<void>
}
