/**
 * What an auto-pilot tells, and what its options are. Types only.
 *
 * @module
 */
import type { CocoonError } from '../../../errors.js'
import type { Clock } from '../../../runtime/ports/clock.js'
import type { Channel, MessageOutcome, SentMessage } from '../channel.js'
import type { ChannelPlan } from '../plan.js'
import type { AutoPilotReason } from './decide.js'
import type { AutoPilotCap, AutoPilotLimits } from './limits.js'

/** Why an auto-pilot ended by itself. */
export type AutoPilotStop =
  | 'caps-used-up' // `maxTotalNano` leaves no room for another message
  | 'chain-lies' // a state that cannot be the channel's or the network's, or a proof that does not hold
  | 'chain-silent' // too many steps in a row failed
  | 'ledger-failed' // what leaves cannot be written down any more

/** What happens to an auto-pilot. `contract` is the raw address of a client contract. */
export type AutoPilotEvent =
  | {
      /** A message was handed over. */
      readonly type: 'sent'
      readonly contract: string
      readonly plan: ChannelPlan
      readonly valueNano: bigint
      readonly message: SentMessage
    }
  | {
      /** The fate of a message is known. */
      readonly type: 'ended'
      readonly contract: string
      readonly outcome: MessageOutcome
    }
  | {
      /** Why nothing is sent for a channel; told when the reason changes. */
      readonly type: 'holding'
      readonly contract: string
      readonly reason: AutoPilotReason
      /** The plan that was held back, where there was one. */
      readonly plan?: ChannelPlan | undefined
      readonly error?: CocoonError | undefined
    }
  | {
      /** A cap held a message back. With `maxPerDayNano` the auto-pilot goes on once there is room again. */
      readonly type: 'caps-used-up'
      readonly contract: string
      readonly cap: AutoPilotCap
      readonly plan: ChannelPlan
      /** When the day's sum begins to shrink, Unix milliseconds; only with `maxPerDayNano`. */
      readonly freesAtMs?: number | undefined
    }
  | {
      /** A step failed and is tried again. */
      readonly type: 'failed'
      readonly contract: string
      readonly error: CocoonError
    }
  | {
      /** The auto-pilot ended by itself and sends nothing any more. */
      readonly type: 'stopped'
      readonly reason: AutoPilotStop
      readonly error?: CocoonError | undefined
    }

/** What one step did for one channel. */
export interface AutoPilotChannelStep {
  readonly contract: string
  readonly state: 'sent' | 'holding' | 'failed'
  /** With `holding`. */
  readonly reason?: AutoPilotReason | undefined
  /** The message that left, or was held back. */
  readonly plan?: ChannelPlan | undefined
  readonly error?: CocoonError | undefined
}

/** What one step did. */
export interface AutoPilotStep {
  readonly channels: readonly AutoPilotChannelStep[]
  /** Set once the auto-pilot has ended by itself. */
  readonly stopped: AutoPilotStop | null
  /** When the next step is due, milliseconds from now. */
  readonly nextInMs: number
}

/** Options of an auto-pilot. */
export interface AutoPilotOptions {
  /** Channels with signers, all on one ledger. More can be added later. */
  readonly channels: readonly Channel[]
  readonly limits: AutoPilotLimits
  readonly clock: Clock
  /** Part of its messages' ids: caps count what left under this name. 1…32 of `a-z`, `0-9`, `-`. Default `auto-pilot`. */
  readonly name?: string | undefined
  /** Time between steps, milliseconds. Default 60_000. */
  readonly everyMs?: number | undefined
  /** Time for one channel's part of a step, milliseconds. Default 60_000. */
  readonly stepTimeoutMs?: number | undefined
  /** Failed steps in a row before it stops with `chain-silent`. Default 8: about a quarter of an hour. */
  readonly maxFailures?: number | undefined
  /** Whether nobody else uses the accounts: then every token must be explained by receipts of the ledger. Default `false`. */
  readonly exclusive?: boolean | undefined
  /** Findings of receipts up to this time are not held against a proxy, Unix milliseconds. Default 0. */
  readonly forgiveUntilMs?: number | undefined
  /** Sees every plan before it is sent. `false`, or an error, holds it back. */
  readonly onPlan?: ((plan: ChannelPlan, channel: Channel) => boolean | void | Promise<boolean | void>) | undefined
  readonly onEvent?: ((event: AutoPilotEvent) => void) | undefined
}

/** Tops up, charges and closes channels inside written limits. */
export interface ChannelAutoPilot {
  /** Takes another channel in. @throws CocoonError `ERR_OPTIONS`. */
  add(channel: Channel): void
  /** Begins to step by itself; the first step at once. After it ended by itself: begins again. */
  start(): void
  /**
   * Ends stepping. Resolves when no step is under way. Nothing is handed to a signer afterwards; one that ignores its signal may
   * still be at work, and its message is in the journal.
   */
  stop(): Promise<void>
  /**
   * One step over all channels: looks for what became of messages, decides, sends at most one message per owner. Never
   * rejects; failures are in its result. Safe to call beside `start`, and from other processes on the same ledger.
   */
  step(): Promise<AutoPilotStep>
  /** Why it ended by itself; `null` while it has not. */
  readonly stopped: AutoPilotStop | null
}
