/**
 * What a fault of an answer can do.
 *
 * @module
 */
import type { TlObject } from '../../encoding/tl/index.js'
import type { AnswerForm } from '../proxy/answers.js'
import type { ClientConnection } from '../proxy/connection.js'
import type { WorkerStep } from '../worker/index.js'

/** Switches that the proxy looks at while it answers one request. */
export interface AnswerControls {
  /** Nothing is sent for this request any more. */
  silent: boolean
  legacyErrors: boolean
  /** Replaces all four times. */
  times: number | undefined
  /** What clientRequestPayment carries. */
  payment: 'signed' | 'empty' | 'forged-key' | 'forged-amount' | 'garbage' | 'none'
  /** Replaces the counters of clientRequestPayment and final_info. */
  counters: 'true' | 'negative' | 'huge'
}

/** The scene of one answer. */
export interface FaultScene {
  /** The number in the fault's name, or the fault's default. */
  readonly argument: number
  readonly wire: ClientConnection
  readonly form: AnswerForm
  readonly controls: AnswerControls
  /** Sends an object inside tcp.packet. */
  packet(object: TlObject): void
  /** Resolves after the time, or rejects when the request is given up. */
  delay(delayMs: number): Promise<void>
  /** Resolves when the socket takes more. */
  drained(): Promise<void>
}

/** Changes the steps of an answer, or acts between them. */
export type AnswerFault = (steps: AsyncIterable<WorkerStep>, scene: FaultScene) => AsyncIterable<WorkerStep>
