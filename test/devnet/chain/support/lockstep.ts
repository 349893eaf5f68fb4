/**
 * Two codes for one contract, run side by side. Every message is executed by both from the same account state; then the
 * second takes over the first's account, so that what differs is never more than one transaction.
 *
 * What is compared: exit code of the compute phase, result of the action phase, aborted or not, the data cell, number and
 * order of outgoing messages, and of each its destination, flags, forwarding fee, StateInit and body. Values and balances
 * must be equal, or differ by exactly the difference of the gas fees of this one transaction (messages that carry "the
 * rest", bounces, and accounts that keep the rest).
 *
 * @module
 */
import type { Address, Cell, Message, Transaction } from '@ton/core'
import { createShardAccount, EmulationError, SmartContract, type Blockchain } from '@ton/sandbox'

/** What one execution came to. */
export interface Execution {
  readonly transaction: Transaction | null
  /** Exit code of an external message that was not accepted. */
  readonly refused: number | null
  readonly dataHash: string
  readonly balance: bigint
  readonly status: string
  /** Actions with their modes, for reading a difference. */
  readonly actions: string
}

/** A contract under both codes. */
export interface Twin {
  readonly name: string
  readonly address: Address
  readonly reference: SmartContract
  readonly ours: SmartContract
  readonly referenceCode: Cell
  readonly ourCode: Cell
}

/** State to start from. */
export interface TwinState {
  readonly data: Cell
  readonly balance: bigint
  /** Rent that the account still owes. Default 0. */
  readonly due?: bigint
}

function setAccount(contract: SmartContract, address: Address, code: Cell, state: TwinState, nowUnix: number): void {
  const account = createShardAccount({ address, code, data: state.data, balance: state.balance })
  const stats = account.account?.storageStats
  if (stats !== undefined) {
    stats.lastPaid = nowUnix
    // The emulator aborts on an account that says it occupies nothing.
    stats.duePayment = state.due ?? null
    stats.used = { cells: 200n, bits: 100_000n }
  }
  contract.account = account
}

/** Makes a contract under both codes, in a state. */
export function createTwin(
  chain: Blockchain,
  options: Pick<Twin, 'name' | 'address' | 'referenceCode' | 'ourCode'>,
  state: TwinState
): Twin {
  const { address } = options
  const make = (code: Cell): SmartContract =>
    SmartContract.create(chain, { address, code, data: state.data, balance: state.balance })
  const twin = { ...options, reference: make(options.referenceCode), ours: make(options.ourCode) }
  setTwin(twin, state, chain.now ?? 0)
  return twin
}

/** Puts both codes into a state. */
export function setTwin(twin: Twin, state: TwinState, nowUnix: number): void {
  setAccount(twin.reference, twin.address, twin.referenceCode, state, nowUnix)
  setAccount(twin.ours, twin.address, twin.ourCode, state, nowUnix)
}

/** Data cell of an active account. */
export function dataOf(contract: SmartContract): Cell | null {
  const state = contract.accountState
  return state?.type === 'active' ? (state.state.data ?? null) : null
}

async function run(contract: SmartContract, message: Message): Promise<Execution> {
  let transaction: Awaited<ReturnType<SmartContract['receiveMessage']>> | null = null
  let refused: number | null = null
  try {
    transaction = await contract.receiveMessage(message)
  } catch (error) {
    if (!(error instanceof EmulationError)) throw error
    refused = error.exitCode ?? -1
  }
  const actions = (transaction?.outActions ?? []).map((action) =>
    action.type === 'sendMsg'
      ? `send mode ${action.mode}`
      : action.type === 'reserve'
        ? `reserve ${action.currency.coins} mode ${action.mode}`
        : action.type
  )
  return {
    transaction,
    refused,
    dataHash: dataOf(contract)?.hash().toString('hex') ?? '',
    balance: contract.balance,
    status: contract.accountState?.type ?? 'none',
    actions: actions.join(', ')
  }
}

function gasFee(transaction: Transaction | null): bigint {
  const description = transaction?.description
  if (description?.type !== 'generic' || description.computePhase.type !== 'vm') return 0n
  return description.computePhase.gasFees
}

function outcome(transaction: Transaction | null): string {
  const description = transaction?.description
  if (description?.type !== 'generic') return 'none'
  const { computePhase, actionPhase, aborted } = description
  const compute = computePhase.type === 'vm' ? `exit ${computePhase.exitCode}` : `skipped ${computePhase.reason}`
  return `${compute} action ${actionPhase?.resultCode ?? '-'} ${aborted ? 'aborted' : 'done'}`
}

function describeMessage(message: Message): string {
  const { info, init, body } = message
  const bodyHash = body.hash().toString('hex')
  if (info.type !== 'internal') return `${info.type} ${bodyHash}`
  return [
    info.dest.toRawString(),
    `bounce ${info.bounce} bounced ${info.bounced}`,
    `forward fee ${info.forwardFee}`,
    `init ${init === null || init === undefined ? 'none' : 'some'}`,
    `body ${bodyHash}`
  ].join(' ')
}

function valueOf(message: Message): bigint {
  return message.info.type === 'internal' ? message.info.value.coins : 0n
}

/** Says how two executions differ; empty when they do not. */
export function differences(reference: Execution, ours: Execution): readonly string[] {
  const found: string[] = []
  const same = (what: string, a: unknown, b: unknown): void => {
    if (a !== b) found.push(`${what}: reference ${String(a)}, ours ${String(b)}`)
  }
  const gasDifference = gasFee(reference.transaction) - gasFee(ours.transaction)
  const sameAmount = (what: string, a: bigint, b: bigint): void => {
    if (a !== b && b - a !== gasDifference) {
      found.push(`${what}: reference ${a}, ours ${b}, difference ${b - a}, gas difference ${gasDifference}`)
    }
  }
  same('refused', reference.refused, ours.refused)
  same('outcome', outcome(reference.transaction), outcome(ours.transaction))
  same('status', reference.status, ours.status)
  same('data', reference.dataHash, ours.dataHash)
  const theirs = reference.transaction?.outMessages.values() ?? []
  const mine = ours.transaction?.outMessages.values() ?? []
  same('number of messages', theirs.length, mine.length)
  theirs.forEach((message, index) => {
    const other = mine[index]
    if (other === undefined) return
    same(`message ${index}`, describeMessage(message), describeMessage(other))
    sameAmount(`value of message ${index}`, valueOf(message), valueOf(other))
  })
  sameAmount('balance', reference.balance, ours.balance)
  if (found.length > 0) found.push(`actions: reference [${reference.actions}], ours [${ours.actions}]`)
  return found
}

/** Result of one message under both codes. */
export interface Step {
  readonly reference: Execution
  readonly differences: readonly string[]
}

/** Delivers a message to both codes; afterwards both have the reference's account. */
export async function deliver(twin: Twin, message: Message, nowUnix: number): Promise<Step> {
  const balanceBefore = twin.reference.balance
  const wasActive = twin.reference.accountState?.type === 'active'
  const reference = await run(twin.reference, message)
  const init = message.init
  if (!wasActive && reference.status === 'active' && init?.data !== undefined && init.data !== null) {
    // A StateInit fits one code only; ours is put in place by hand, with the same data and balance.
    setAccount(twin.ours, twin.address, twin.ourCode, { data: init.data, balance: balanceBefore }, nowUnix)
  }
  const { init: _without, ...bare } = message
  const ours = await run(twin.ours, wasActive || reference.status !== 'active' ? message : bare)
  const found = differences(reference, ours)
  const data = dataOf(twin.reference)
  if (data !== null) setTwin(twin, { data, balance: twin.reference.balance }, nowUnix)
  return { reference, differences: found }
}
