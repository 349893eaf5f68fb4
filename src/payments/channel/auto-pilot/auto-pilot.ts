/**
 * Looks after channels by itself: tops up, submits charges, leaves contracts of earlier params, only inside limits that the
 * caller wrote down.
 *
 * What may never happen, and what prevents it: two messages in flight for one channel or one wallet, or a second one decided
 * on an old view (the journal is looked at again under the ledger's lock); a cap exceeded, also by a chain that hides what
 * happened (every message counts that may have left); a message after a crash that another one stands for (the journal
 * is replayed, and nothing is sent until the fate of the last message is known); coins for a proxy that overcharges
 * (receipts); a forfeited balance (`decide`, and risks that nobody can accept in advance).
 *
 * @module
 */
import { CocoonError } from '../../../errors.js'
import type { CancelTimer } from '../../../runtime/ports/clock.js'
import { callWatcher, raceAbort } from '../../../runtime/shared/index.js'
import type { Channel, MessageOutcome } from '../channel.js'
import { isFinal, type JournalEntry, type Ledger } from '../ledger.js'
import type { ChannelPlan } from '../plan.js'
import type { ChannelView } from '../view.js'
import { type AutoPilotDecision, type AutoPilotReason, decide } from './decide.js'
import type {
  AutoPilotChannelStep,
  AutoPilotEvent,
  AutoPilotOptions,
  AutoPilotStep,
  AutoPilotStop,
  ChannelAutoPilot
} from './events.js'
import { type Evidence, ReceiptEvidence } from './evidence.js'
import {
  type AutoPilotCap,
  type AutoPilotLimits,
  capBrokenBy,
  checkAutoPilotLimits,
  isSentBy,
  sumSent
} from './limits.js'

const NAME = /^[a-z0-9-]{1,32}$/
/** After a message ended, sources may show the state before it for a while; doubled by every failure in a row. */
const SETTLE_MS = 60_000
/** Messages of a channel that may fail or expire in a row. */
const MAX_FAILED_MESSAGES = 3
const FIRST_RETRY_MS = 5_000
const LONGEST_RETRY_MS = 600_000
/** Errors that no honest source gives, however often it is asked. */
const LIES: ReadonlySet<string> = new Set(['ERR_CONTRACT_STATE', 'ERR_CHAIN_PROOF', 'ERR_REGISTRY_MISMATCH'])

/** What is remembered about a channel between steps. */
interface Memory {
  readonly channel: Channel
  lastView: ChannelView | null
  /** A view must include this transaction. */
  leastLt: bigint
  outdatedSinceMs: number | null
  /** What was told last, so that it is told once. */
  told: string
}

/** A message held back: the reason and what it was about. */
class Held extends Error {
  readonly step: Omit<AutoPilotChannelStep, 'contract' | 'state'>
  constructor(reason: AutoPilotReason, plan?: ChannelPlan, error?: CocoonError) {
    super(reason)
    this.step = { reason, plan, error }
  }
}

function optionError(field: string, message: string): CocoonError {
  return new CocoonError('ERR_OPTIONS', message, { phase: 'options', field })
}

/**
 * Makes an auto-pilot. It does nothing before `start` or `step`.
 *
 * @throws CocoonError `ERR_OPTIONS` naming the field: an amount or cap that is missing, channels without a signer or on
 * different ledgers.
 */
export function createChannelAutoPilot(options: AutoPilotOptions): ChannelAutoPilot {
  return new AutoPilot(options)
}

class AutoPilot implements ChannelAutoPilot {
  readonly #options: AutoPilotOptions
  readonly #limits: AutoPilotLimits
  readonly #name: string
  readonly #memories = new Map<string, Memory>()
  #ledger: Ledger | undefined
  #evidence: ReceiptEvidence | undefined
  #stopped: AutoPilotStop | null = null
  #failures = 0
  /** Grows with every start and stop, so that an older loop ends. */
  #generation = 0
  #running = false
  #ending = new AbortController()
  #cancelTimer: CancelTimer | undefined
  #tail: Promise<unknown> = Promise.resolve()

  constructor(options: AutoPilotOptions) {
    this.#options = options
    this.#limits = checkAutoPilotLimits(options.limits)
    this.#name = options.name ?? 'auto-pilot'
    if (!NAME.test(this.#name)) throw optionError('name', 'name must be 1…32 of a-z, 0-9 and -')
    for (const field of ['everyMs', 'stepTimeoutMs', 'maxFailures'] as const) {
      const value = options[field]
      if (value !== undefined && !(Number.isFinite(value) && value > 0))
        throw optionError(field, `${field} must be > 0`)
    }
    for (const channel of options.channels) this.add(channel)
  }

  get stopped(): AutoPilotStop | null {
    return this.#stopped
  }

  add(channel: Channel): void {
    const { contract } = channel.identity
    if (!channel.hasSigner) throw optionError('channels', 'a channel has no signer')
    if (this.#ledger !== undefined && this.#ledger !== channel.ledger)
      throw optionError('channels', 'all channels must write to one ledger: caps hold for it')
    if (this.#memories.has(contract)) throw optionError('channels', 'a channel is named twice')
    this.#ledger = channel.ledger
    this.#evidence ??= new ReceiptEvidence(channel.ledger, this.#options.forgiveUntilMs ?? 0)
    this.#memories.set(contract, { channel, lastView: null, leastLt: 0n, outdatedSinceMs: null, told: '' })
  }

  start(): void {
    if (this.#running) return
    this.#running = true
    this.#stopped = null
    this.#failures = 0
    this.#ending = new AbortController()
    void this.#turn(++this.#generation)
  }

  async stop(): Promise<void> {
    this.#running = false
    this.#generation++
    this.#cancelTimer?.()
    const ending = this.#ending
    ending.abort(new CocoonError('ERR_CLOSED', 'the auto-pilot was stopped', { phase: 'channel' }))
    await this.#tail
    if (this.#ending === ending) this.#ending = new AbortController()
  }

  step(): Promise<AutoPilotStep> {
    const result = this.#tail.then(() => this.#step())
    this.#tail = result
    return result
  }

  async #turn(generation: number): Promise<void> {
    const { nextInMs, stopped } = await this.step()
    if (this.#generation !== generation) return
    if (stopped !== null) this.#running = false
    else this.#cancelTimer = this.#options.clock.setTimer(() => void this.#turn(generation), nextInMs)
  }

  async #step(): Promise<AutoPilotStep> {
    const channels: AutoPilotChannelStep[] = []
    for (const memory of this.#memories.values()) {
      if (this.#stopped !== null || this.#ending.signal.aborted) break
      const done = await this.#stepChannel(memory)
      // A step that `stop` cut short is no failure of anybody.
      if (this.#ending.signal.aborted && done.state === 'failed') break
      channels.push(done)
      this.#tell(memory, done)
      if (done.error !== undefined) this.#judge(done.error)
    }
    const failed = channels.filter(({ state }) => state === 'failed')
    this.#failures = failed.length === 0 ? 0 : this.#failures + 1
    if (this.#failures >= (this.#options.maxFailures ?? 8)) this.#end('chain-silent', failed[0]?.error)
    const retryMs = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(this.#failures - 1, 16))
    const nextInMs = this.#failures > 0 ? retryMs : (this.#options.everyMs ?? 60_000)
    return { channels, stopped: this.#stopped, nextInMs }
  }

  async #stepChannel(memory: Memory): Promise<AutoPilotChannelStep> {
    const { contract } = memory.channel.identity
    const limit = new AbortController()
    const onEnd = (): void => limit.abort(this.#ending.signal.reason)
    this.#ending.signal.addEventListener('abort', onEnd, { once: true })
    const cancel = this.#options.clock.setTimer(
      () => limit.abort(new CocoonError('ERR_TIMEOUT', 'the chain or the signer did not answer', { phase: 'channel' })),
      this.#options.stepTimeoutMs ?? 60_000
    )
    try {
      // Raced, since a source may ignore the signal. What goes on behind our back ends at the guard.
      const plan = await raceAbort(this.#work(memory, limit.signal), limit.signal, 'channel')
      return { contract, state: 'sent', plan }
    } catch (error) {
      if (error instanceof Held) return { contract, state: 'holding', ...error.step }
      return { contract, state: 'failed', error: CocoonError.from(error, 'ERR_INTERNAL', { phase: 'channel' }) }
    } finally {
      cancel()
      this.#ending.signal.removeEventListener('abort', onEnd)
    }
  }

  /** Looks, decides, sends. @throws Held when nothing is to be sent; CocoonError when something fails. */
  async #work(memory: Memory, signal: AbortSignal): Promise<ChannelPlan> {
    const { channel } = memory
    for (const outcome of await channel.track({ signal })) this.#ended(memory, outcome)
    const journal = channel.ledger.journal()
    const mark = this.#markOf(journal, memory)
    this.#assertQuiet(journal, memory)
    const view = await channel.view({ signal })
    this.#assertForward(memory, view)
    const nowMs = this.#options.clock.now()
    memory.outdatedSinceMs = view.outdated ? (memory.outdatedSinceMs ?? nowMs) : null
    const { exclusive = false, onPlan } = this.#options
    const limits = this.#limits
    const outdatedSinceMs = memory.outdatedSinceMs ?? nowMs
    const decideNow = (): AutoPilotDecision => {
      const bestCharge = channel.ledger.bestCharge(channel.identity.contract)
      const evidence = this.#evidenceOf(memory)
      return decide({ view: { ...view, bestCharge }, limits, evidence, exclusive, outdatedSinceMs, nowMs })
    }
    const decision = decideNow()
    if ('reason' in decision) throw new Held(decision.reason)

    const plan = await channel.plan(decision.action, { signal }).catch(heldBack(undefined))
    const valueNano = plan.creditedNano + limits.messageValueNano
    this.#assertSendable(plan, valueNano, view)
    if ((await vetoes(onPlan, plan, channel)) === true) throw new Held('vetoed', plan)
    const guard = (now: readonly JournalEntry[]): void => {
      if (signal.aborted) throw new CocoonError('ERR_ABORTED', 'the step has ended', { phase: 'channel' })
      // Another process sent meanwhile: this decision was made on an old view.
      if (this.#markOf(now, memory) !== mark) throw new Held('settling', plan)
      this.#assertWalletFree(now, memory)
      // A proxy may have claimed, or signed, something else meanwhile: what is sent now carries its newest charge.
      const again = decideNow()
      if ('reason' in again) throw new Held(again.reason, plan)
      if (again.action.kind !== decision.action.kind) throw new Held('settling', plan)
      this.#assertCaps(now, valueNano, plan, memory)
    }
    const consent = { valueNano, capNano: limits.maxMessageNano, acknowledge: limits.acknowledge }
    const message = await channel.send(plan, { ...consent, sentBy: this.#name, guard, signal }).catch(heldBack(plan))
    this.#emit({ type: 'sent', contract: channel.identity.contract, plan, valueNano, message })
    return plan
  }

  #evidenceOf({ channel }: Memory): Evidence {
    const evidence = this.#evidence?.of(channel.identity.contract)
    if (evidence === undefined) throw new CocoonError('ERR_INTERNAL', 'no ledger', { phase: 'channel' })
    return evidence
  }

  #ended(memory: Memory, outcome: MessageOutcome): void {
    if (outcome.result === 'pending') return
    if (outcome.transactionLt !== undefined && outcome.transactionLt > memory.leastLt)
      memory.leastLt = outcome.transactionLt
    this.#emit({ type: 'ended', contract: memory.channel.identity.contract, outcome })
  }

  /** Whether the journal lets anything be sent for this channel now. */
  #assertQuiet(journal: readonly JournalEntry[], memory: Memory): void {
    const own = journal.filter((entry) => entry.intent.contract === memory.channel.identity.contract)
    if (own.some((entry) => !isFinal(entry.outcome))) throw new Held('message-pending')
    this.#assertWalletFree(journal, memory)
    const ours = own.filter(
      (entry) =>
        entry.outcome?.result === 'done' || (isSentBy(entry, this.#name) && entry.outcome?.result !== 'refused')
    )
    const lastGood = ours.findLastIndex((entry) => entry.outcome?.result === 'done')
    const failed = ours.length - 1 - lastGood
    if (failed >= MAX_FAILED_MESSAGES) throw new Held('messages-fail')
    const endedAtMs = own.at(-1)?.outcome?.atMs
    if (endedAtMs !== undefined && this.#options.clock.now() - endedAtMs < SETTLE_MS * 2 ** failed)
      throw new Held('settling')
  }

  /** A wallet numbers its messages: two at once would shut each other out. */
  #assertWalletFree(journal: readonly JournalEntry[], memory: Memory): void {
    const { owner } = memory.channel.identity
    const busy = journal.some(
      ({ intent, outcome }) =>
        !isFinal(outcome) && this.#memories.get(intent.contract)?.channel.identity.owner === owner
    )
    if (busy) throw new Held('wallet-busy')
  }

  /** Time runs forward on a chain: a view behind what was seen is stale or a lie. */
  #assertForward(memory: Memory, view: ChannelView): void {
    const lt = view.lastTransaction?.lt ?? null
    if ((lt !== null && lt < memory.leastLt) || isBehind(view, memory.lastView))
      throw new CocoonError('ERR_CHAIN_RESPONSE', 'the chain source shows a state that is over', {
        phase: 'channel',
        retryable: true
      })
    memory.lastView = view
    if (lt !== null) memory.leastLt = lt
  }

  #assertSendable(plan: ChannelPlan, valueNano: bigint, view: ChannelView): void {
    if (valueNano < plan.minimumValueNano) throw new Held('value-too-small', plan)
    if (view.ownerTonNano < valueNano) throw new Held('owner-short', plan)
    const accepted = new Set<string>(this.#limits.acknowledge)
    if (plan.risks.some(({ id }) => !accepted.has(id))) throw new Held('risk', plan)
  }

  #assertCaps(journal: readonly JournalEntry[], valueNano: bigint, plan: ChannelPlan, memory: Memory): void {
    const sums = sumSent(journal, this.#name, this.#options.clock.now())
    const cap = capBrokenBy(this.#limits, sums, valueNano)
    if (cap !== null) throw new Held('cap', plan, this.#capError(cap, sums.dayFreesAtMs, plan, memory))
  }

  #capError(cap: AutoPilotCap, freesAtMs: number | null, plan: ChannelPlan, { channel, told }: Memory): CocoonError {
    const error = new CocoonError('ERR_LIMIT_EXCEEDED', `the auto-pilot's ${cap} is used up`, {
      phase: 'channel',
      field: `limits.${cap}`
    })
    const { contract } = channel.identity
    const frees = cap === 'maxPerDayNano' && freesAtMs !== null ? { freesAtMs } : {}
    if (told !== 'cap') this.#emit({ type: 'caps-used-up', contract, cap, plan, ...frees })
    return error
  }

  /** What the journal says about a channel, as a text that changes whenever a message is written or ends. */
  #markOf(journal: readonly JournalEntry[], { channel }: Memory): string {
    return journal
      .filter(({ intent }) => intent.contract === channel.identity.contract)
      .map(({ intent, outcome }) => `${intent.id}=${outcome?.result ?? ''}`)
      .join()
  }

  #judge(error: CocoonError): void {
    if (error.code === 'ERR_LIMIT_EXCEEDED' && error.field === 'limits.maxTotalNano') this.#end('caps-used-up', error)
    else if (LIES.has(error.code)) this.#end('chain-lies', error)
    else if (error.code === 'ERR_LEDGER') this.#end('ledger-failed', error)
  }

  #end(reason: AutoPilotStop, error: CocoonError | undefined): void {
    if (this.#stopped !== null) return
    this.#stopped = reason
    this.#emit({ type: 'stopped', reason, error })
  }

  #tell(memory: Memory, { contract, state, reason, plan, error }: AutoPilotChannelStep): void {
    const telling = state === 'holding' ? (reason ?? '') : state
    if (state === 'failed' && error !== undefined) this.#emit({ type: 'failed', contract, error })
    if (reason !== undefined && telling !== memory.told) this.#emit({ type: 'holding', contract, reason, plan, error })
    memory.told = telling
  }

  #emit(event: AutoPilotEvent): void {
    callWatcher(() => this.#options.onEvent?.(event))
  }
}

const PHASES = ['none', 'deploying', 'open', 'closing', 'closed']

/** Whether a view shows less than one before it: phases and charges only grow. */
function isBehind(view: ChannelView, before: ChannelView | null): boolean {
  if (before === null || before.client === null) return false
  if (view.client === null || view.client.tokensUsed < before.client.tokensUsed) return true
  return PHASES.indexOf(view.phase) < PHASES.indexOf(before.phase)
}

/** Turns refusals that are no failures into a message held back. What may have left stays a failure. */
function heldBack(plan: ChannelPlan | undefined): (error: unknown) => never {
  return (error) => {
    if (!CocoonError.is(error) || error.charged !== 'no') throw error
    if (error.code === 'ERR_CHANNEL_RISK' || error.code === 'ERR_CONTRACT_VERSION') throw new Held('risk', plan, error)
    if (error.code === 'ERR_LIMIT_EXCEEDED') throw new Held('cap', plan, error)
    if (error.code !== 'ERR_CHANNEL_STATE') throw error
    throw new Held(error.field === 'valueNano' ? 'owner-short' : 'settling', plan, error)
  }
}

async function vetoes(onPlan: AutoPilotOptions['onPlan'], plan: ChannelPlan, channel: Channel): Promise<boolean> {
  try {
    return (await onPlan?.(plan, channel)) === false
  } catch {
    return true
  }
}
