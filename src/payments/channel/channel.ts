/**
 * One payment channel: the client contract of one owner at one proxy contract.
 *
 * States, as the chain shows them: none → deploying → open → closing → closed. Every step is planned first; sending needs
 * the caller's own amounts, a cap, the names of the risks that the plan carries, and a record in the ledger that is
 * written before the message leaves. One message at a time: a second one waits until the fate of the first is known.
 *
 * @module
 */
import { bytesToHex } from '../../encoding/index.js'
import { CocoonError } from '../../errors.js'
import type { Clock, Random } from '../../runtime/ports/clock.js'
import { throwIfAborted } from '../../runtime/shared/index.js'
import type { ChainCallOptions, ChainReader, ChainTransaction } from '../chain/index.js'
import {
  isSameAddress,
  OP_CHARGE,
  readMessageHeader,
  type AddressInput,
  type Bits256Input
} from '../contracts/index.js'
import type { Registry } from '../registry/index.js'
import { assertStrongSecret, secretHash } from './account.js'
import type { JournalEntry, Ledger } from './ledger.js'
import { buildActionBody, planAction, type ChannelAction, type ChannelPlan } from './plan.js'
import type { RiskId } from './risks.js'
import { settleOnce } from './settle-once.js'
import type { Signer } from './signer.js'
import type { SpendingLimits } from './spending.js'
import { readView, type ChannelIdentity, type ChannelView } from './view.js'

/** What every channel needs. */
export interface ChannelEnvironment {
  readonly registry: Registry
  readonly reader: ChainReader
  readonly ledger: Ledger
  /** Signs for the owner. Without one a channel can be watched and planned. */
  readonly signer?: Signer | undefined
  readonly clock: Clock
  readonly random: Random
  /** How long a sent message stays valid, seconds, 60…3600. Default 300. */
  readonly messageLifetimeSeconds?: number | undefined
}

/** Which channel. */
export interface ChannelParties {
  /** The wallet that owns the client contract. */
  readonly owner: AddressInput
  readonly proxyOwner: AddressInput
  readonly proxyPublicKey: Bits256Input
}

/** The caller's consent to a plan. */
export interface Confirmation {
  /** Value that the message carries, nanotons: at least the plan's `minimumValueNano`. What is not used comes back. */
  readonly valueNano: bigint
  /** Most that this call may send, nanotons; a second number so that a slip in the first is caught. */
  readonly capNano: bigint
  /** Names of the plan's risks that the caller accepts. */
  readonly acknowledge?: readonly RiskId[] | undefined
  /** Limits of this call beside the ledger's own. */
  readonly limits?: SpendingLimits | undefined
  /** Who sends, as part of the message's id in the journal: 1…32 of `a-z`, `0-9`, `-`. Default: none. */
  readonly sentBy?: string | undefined
  /**
   * The last word, asked under the ledger's lock with the whole journal of every process, right before the message is
   * written down: what it throws refuses the message, and `send` rejects with it.
   */
  readonly guard?: ((journal: readonly JournalEntry[]) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

/** A message that was handed over. */
export interface SentMessage {
  /** Id in the ledger's journal. */
  readonly id: string
  readonly queryId: bigint
  readonly validUntilUnix: number
}

/** What became of pending messages. */
export interface MessageOutcome {
  readonly id: string
  readonly kind: string
  readonly result: 'done' | 'failed' | 'expired' | 'pending'
  /** Exit code of the contract, for `failed`. */
  readonly exitCode?: number | undefined
  /** Logical time of the transaction, for `done` and `failed`. */
  readonly transactionLt?: bigint | undefined
}

/** Value of "never expires": the signer's messages carry no end. */
const NEVER = 0xffffffff
/** Blocks and clocks may lag: a message counts as expired only this long after its end, and may seem to be executed so long before it was sent. */
const CLOCK_MARGIN_SECONDS = 120
const MAX_TRANSACTIONS = 50

function channelError(message: string, field?: string): CocoonError {
  return new CocoonError('ERR_CHANNEL_STATE', message, { phase: 'channel', field })
}

/** A channel. Safe to use in parallel; sends exclude each other through the ledger. */
export class Channel {
  readonly identity: ChannelIdentity
  readonly #environment: ChannelEnvironment

  constructor(identity: ChannelIdentity, environment: ChannelEnvironment) {
    this.identity = identity
    this.#environment = environment
  }

  /** The ledger that its messages are written to. */
  get ledger(): Ledger {
    return this.#environment.ledger
  }

  /** Whether messages can be sent: a signer was given. */
  get hasSigner(): boolean {
    return this.#environment.signer !== undefined
  }

  /** Reads both contracts, the owner's money and the journal. @throws CocoonError `ERR_CONTRACT_STATE` | `ERR_CHAIN_*` | `ERR_REGISTRY_*`. */
  async view(call: ChainCallOptions = {}): Promise<ChannelView> {
    const { registry, reader, ledger, clock } = this.#environment
    const { root } = await registry.get(call)
    return readView(this.identity, { reader, ledger, root, nowMs: clock.now() }, call)
  }

  /** Plans any action on a fresh view. Moves nothing. @throws as `planAction` and {@link Channel.view}. */
  async plan(action: ChannelAction, call: ChainCallOptions = {}): Promise<ChannelPlan> {
    return planAction(action, await this.view(call))
  }

  /** Plans to deploy the contract, set the secret and deposit, in one message. @throws also `ERR_ACCOUNT` for a weak secret. */
  async open(request: { readonly depositNano: bigint; readonly secret: Uint8Array }): Promise<ChannelPlan> {
    assertStrongSecret(request.secret)
    return this.plan({ kind: 'open', depositNano: request.depositNano, secretHash: await secretHash(request.secret) })
  }

  /** Plans the register message of a long authorisation. */
  register(request: { readonly nonce: bigint }): Promise<ChannelPlan> {
    return this.plan({ kind: 'register', nonce: request.nonce })
  }

  topUp(request: { readonly amountNano: bigint }): Promise<ChannelPlan> {
    return this.plan({ kind: 'top-up', amountNano: request.amountNano })
  }

  /** Plans a new secret. Store it before sending. @throws also `ERR_ACCOUNT`. */
  async setSecret(request: { readonly secret: Uint8Array }): Promise<ChannelPlan> {
    assertStrongSecret(request.secret)
    return this.plan({ kind: 'set-secret', secretHash: await secretHash(request.secret) })
  }

  increaseStake(request: { readonly newStakeNano: bigint }): Promise<ChannelPlan> {
    return this.plan({ kind: 'increase-stake', newStakeNano: request.newStakeNano })
  }

  /** Plans to submit the highest signed charge that the ledger holds. */
  charge(): Promise<ChannelPlan> {
    return this.plan({ kind: 'charge' })
  }

  withdraw(): Promise<ChannelPlan> {
    return this.plan({ kind: 'withdraw' })
  }

  /** Plans the first step of a close; the proxy then grants the rest. */
  close(): Promise<ChannelPlan> {
    return this.plan({ kind: 'close' })
  }

  /** Plans the forced second step. Read its risks: it can forfeit the whole balance. */
  refund(): Promise<ChannelPlan> {
    return this.plan({ kind: 'refund' })
  }

  /**
   * Sends a planned action. The plan is made again on a fresh view, so what changed since then is seen.
   *
   * @throws CocoonError `ERR_CHANNEL_RISK` naming the risks that are not acknowledged; `ERR_LIMIT_EXCEEDED`;
   * `ERR_OPTIONS` for a value below the least; `ERR_CHANNEL_STATE` without a signer, with a message pending, or when the
   * owner lacks the coins; the signer's error. `charged: 'unknown'` means that the message may still be executed:
   * {@link Channel.track} finds out.
   */
  async send(plan: ChannelPlan, confirmation: Confirmation): Promise<SentMessage> {
    const { signer, ledger, clock, random } = this.#environment
    if (signer === undefined) throw channelError('the channel has no signer')
    if (plan.action.kind !== 'charge' && !isSameAddress(signer.address, this.identity.owner))
      throw channelError('the signer is not the owner of the channel')
    if (plan.contract !== this.identity.contract) throw channelError('the plan is of another channel')
    const view = await this.view({ signal: confirmation.signal })
    const fresh = planAction(plan.action, view)
    checkConfirmation(fresh, view, confirmation)

    const built = buildActionBody(plan.action, view, randomQueryId(random))
    const nowUnix = Math.floor(clock.now() / 1000)
    const lifetime = Math.min(3600, Math.max(60, this.#environment.messageLifetimeSeconds ?? 300))
    const validUntilUnix = signer.enforcesValidity ? nowUnix + lifetime : NEVER
    const id = messageId(plan.action.kind, confirmation.sentBy, random)
    const recipient = this.identity.contract
    await ledger.reserve(
      { id, amountNano: confirmation.valueNano, recipient, purpose: `channel ${plan.action.kind}` },
      confirmation.limits
    )
    try {
      await ledger.recordIntent(
        {
          id,
          kind: plan.action.kind,
          contract: recipient,
          queryId: built.queryId,
          valueNano: confirmation.valueNano,
          validUntilUnix
        },
        (sameContract) => {
          assertNothingPending(sameContract)
          // The ledger has caught up with its store, and nobody else writes while this runs.
          confirmation.guard?.(ledger.journal())
        }
      )
    } catch (error) {
      await ledger.release(id)
      throw error
    }
    const message = {
      to: this.identity.contract,
      valueNano: confirmation.valueNano,
      bounce: true,
      body: built.body,
      stateInit: fresh.deploys ? (this.identity.stateInit ?? undefined) : undefined
    }
    try {
      throwIfAborted(confirmation.signal, 'channel')
      await signer.send([message], { validUntilUnix, signal: confirmation.signal })
    } catch (error) {
      throw await this.#sendFailed(id, error)
    }
    await ledger.recordOutcome(id, 'sent')
    return { id, queryId: built.queryId, validUntilUnix }
  }

  /**
   * Looks for the pending messages on chain and writes down what became of them.
   *
   * @throws CocoonError `ERR_CHAIN_*` | `ERR_LEDGER`.
   */
  async track(call: ChainCallOptions = {}): Promise<readonly MessageOutcome[]> {
    const { reader, ledger } = this.#environment
    await ledger.refresh()
    const pending = ledger
      .journal(this.identity.contract)
      .filter((entry) => entry.outcome === null || entry.outcome.result === 'sent')
    if (pending.length === 0) return []
    const transactions = await reader.getTransactions(this.identity.contract, {
      limit: MAX_TRANSACTIONS,
      signal: call.signal
    })
    const outcomes: MessageOutcome[] = []
    for (const entry of pending) outcomes.push(await this.#settle(entry, transactions))
    return outcomes
  }

  /**
   * Gives a message up that left no trace and has no end of validity. Only for messages that the caller knows will never
   * be executed (a declined confirmation); otherwise two messages may run.
   */
  async abandon(id: string): Promise<void> {
    await this.#finish(id, 'expired', 0n)
  }

  async #settle(entry: JournalEntry, transactions: readonly ChainTransaction[]): Promise<MessageOutcome> {
    const { intent } = entry
    const base = { id: intent.id, kind: intent.kind }
    // A proxy may use the query id of an earlier charge again: what happened before the message is none of it.
    const found = transactions.find(
      (transaction) =>
        (transaction.atUnix + CLOCK_MARGIN_SECONDS) * 1000 >= intent.atMs &&
        isExecutionOf(transaction, intent.queryId, this.identity.owner, intent.kind)
    )
    if (found !== undefined) {
      const done = found.exitCode === 0 && (found.actionCode ?? 0) === 0
      // What was not credited comes back but for fees, which are small: the whole value stays counted until nothing is due.
      await this.#finish(intent.id, done ? 'done' : 'failed', done ? intent.valueNano : 0n, found.exitCode ?? undefined)
      return {
        ...base,
        result: done ? 'done' : 'failed',
        transactionLt: found.lt,
        ...(found.exitCode !== null && { exitCode: found.exitCode })
      }
    }
    const nowUnix = Math.floor(this.#environment.clock.now() / 1000)
    const oldest = transactions.at(-1)
    // A full page that does not reach back to the message proves nothing about its absence.
    const covered =
      transactions.length < MAX_TRANSACTIONS || (oldest !== undefined && oldest.atUnix * 1000 < intent.atMs)
    if (intent.validUntilUnix !== NEVER && covered && nowUnix > intent.validUntilUnix + CLOCK_MARGIN_SECONDS) {
      await this.#finish(intent.id, 'expired', 0n)
      return { ...base, result: 'expired' }
    }
    return { ...base, result: 'pending' }
  }

  async #finish(
    id: string,
    result: 'done' | 'failed' | 'expired' | 'refused',
    spentNano: bigint,
    exitCode?: number
  ): Promise<void> {
    const { ledger } = this.#environment
    await ledger.recordOutcome(id, result, exitCode)
    await settleOnce(ledger, id, spentNano)
  }

  async #sendFailed(id: string, error: unknown): Promise<unknown> {
    if (CocoonError.is(error) && error.charged === 'no') {
      await this.#finish(id, 'refused', 0n)
      return error
    }
    return new CocoonError('ERR_CHAIN_UNAVAILABLE', 'the message may have left; track() finds out', {
      phase: 'channel',
      charged: 'unknown',
      cause: error
    })
  }
}

const SENDER_NAME = /^[a-z0-9-]{1,32}$/

/** An id that says what a message is and who sent it. @throws CocoonError `ERR_OPTIONS`. */
function messageId(kind: string, sentBy: string | undefined, random: Random): string {
  if (sentBy !== undefined && !SENDER_NAME.test(sentBy))
    throw new CocoonError('ERR_OPTIONS', 'sentBy must be 1…32 of a-z, 0-9 and -', { phase: 'options', field: 'sentBy' })
  const unique = bytesToHex(random.bytes(16))
  return sentBy === undefined ? `${kind}:${unique}` : `${kind}:${sentBy}:${unique}`
}

/** A query id that nobody else uses: 64 random bits. */
function randomQueryId(random: Random): bigint {
  return BigInt(`0x${bytesToHex(random.bytes(8))}`)
}

function assertNothingPending(entries: readonly JournalEntry[]): void {
  const pending = entries.find((entry) => entry.outcome === null || entry.outcome.result === 'sent')
  if (pending !== undefined)
    throw channelError(`a ${pending.intent.kind} message is pending; track() finds out what became of it`)
}

/** Whether this transaction executed the message: same query id, and for the owner's own messages the owner as sender. */
function isExecutionOf(transaction: ChainTransaction, queryId: bigint, owner: string, kind: string): boolean {
  const { inMessage } = transaction
  if (inMessage === null || inMessage.bounced) return false
  const header = readMessageHeader(inMessage.body)
  // A proxy chooses the query ids of its charges: only a charge is the execution of one, and never of anything else.
  if (header?.queryId !== queryId || (header.op === OP_CHARGE) !== (kind === 'charge')) return false
  return kind === 'charge' || (inMessage.source !== null && isSameAddress(inMessage.source, owner))
}

/** Compares the caller's consent with the fresh plan. */
function checkConfirmation(plan: ChannelPlan, view: ChannelView, confirmation: Confirmation): void {
  const { valueNano, capNano } = confirmation
  for (const [field, value] of [
    ['valueNano', valueNano],
    ['capNano', capNano]
  ] as const) {
    if (typeof value !== 'bigint' || value < 0n)
      throw new CocoonError('ERR_OPTIONS', `${field} must be an amount in nanotons (bigint)`, {
        phase: 'options',
        field
      })
  }
  if (valueNano < plan.minimumValueNano) {
    throw new CocoonError(
      'ERR_OPTIONS',
      `the contract would refuse ${valueNano} nanotons; the least is ${plan.minimumValueNano}`,
      { phase: 'options', field: 'valueNano' }
    )
  }
  if (valueNano > capNano)
    throw new CocoonError('ERR_LIMIT_EXCEEDED', 'the value exceeds the cap of this call', {
      phase: 'channel',
      field: 'capNano'
    })
  const accepted = new Set(confirmation.acknowledge ?? [])
  const open = plan.risks.filter((risk) => !accepted.has(risk.id))
  if (open.length > 0) {
    throw new CocoonError(
      'ERR_CHANNEL_RISK',
      `${plan.action.kind} can lose money: ${open.map((risk) => `${risk.id} (${risk.statement})`).join('; ')}`,
      {
        phase: 'channel',
        field: open.map((risk) => risk.id).join(','),
        remedy: 'read the risks of the plan and name those that you accept in acknowledge'
      }
    )
  }
  if (view.ownerTonNano < valueNano)
    throw channelError(`the owner holds ${view.ownerTonNano} nanotons and should send ${valueNano}`, 'valueNano')
}
