/**
 * A TON of our own in memory: `@ton/sandbox` with blocks, a clock that can be moved, and a history per account.
 *
 * A block holds whatever follows from the messages handed in since the last one: with automatic blocks (the default)
 * every message makes its own block at once, otherwise `stepBlock` makes the next. Nothing is queued across blocks.
 *
 * @module
 */
import { createHash } from 'node:crypto'
import { Address, Cell, loadMessage, loadStateInit, type Message, type Transaction } from '@ton/core'
import type * as Sandbox from '@ton/sandbox'
import type { Blockchain, Executor, SmartContract } from '@ton/sandbox'
import { CocoonError } from '../../errors.js'

/** A message from nowhere: the faucet's, or a test's. */
export interface InternalMessageInput {
  readonly from: string
  readonly to: string
  readonly valueNano: bigint
  /** Bag of cells. */
  readonly body?: Uint8Array | undefined
  /** Bag of cells. */
  readonly stateInit?: Uint8Array | undefined
  /** Default `true`. */
  readonly bounce?: boolean | undefined
}

/** State of an account. */
export interface LocalAccount {
  readonly status: 'nonexist' | 'uninit' | 'active' | 'frozen'
  readonly balanceNano: bigint
  readonly code: Cell | null
  readonly data: Cell | null
  readonly lastLt: bigint
  /** Hex. */
  readonly lastHash: string
}

/** A block: its number and two synthetic hashes, hex. */
export interface LocalBlock {
  readonly seqno: number
  readonly atUnix: number
  readonly rootHash: string
  readonly fileHash: string
}

type Listener = (transaction: Transaction, address: Address) => void

/** Transactions kept per account. */
const MAX_HISTORY = 10_000

function cellOf(boc: Uint8Array): Cell {
  try {
    const roots = Cell.fromBoc(Buffer.from(boc))
    const [root] = roots
    if (root === undefined || roots.length !== 1) throw new Error('not one root')
    return root
  } catch (cause) {
    throw new CocoonError('ERR_CHAIN_RESPONSE', 'not a bag of cells', { phase: 'chain', cause })
  }
}

function refused(reason: string, cause?: unknown): CocoonError {
  return new CocoonError('ERR_CHAIN_RESPONSE', reason, { phase: 'chain', cause })
}

/** The virtual machine while some chain of this process uses it. */
let executor: WeakRef<Executor> | undefined

/** One virtual machine serves every chain: it keeps nothing between calls, and compiling it is most of a start. */
async function sharedExecutor(sandbox: Pick<typeof Sandbox, 'Executor'>): Promise<Executor> {
  const made = executor?.deref() ?? (await sandbox.Executor.create())
  executor = new WeakRef(made)
  return made
}

/** A chain on one machine. */
export class LocalChain {
  readonly #chain: Blockchain
  readonly #now: () => number
  readonly #isRefusal: (error: unknown) => boolean
  readonly #history = new Map<string, Transaction[]>()
  readonly #listeners = new Set<Listener>()
  readonly #blocks: LocalBlock[] = []
  readonly #pending: Message[] = []
  #offsetSeconds = 0
  #lastUnix = 0
  #tail: Promise<unknown> = Promise.resolve()
  /** Whether every message makes a block at once. */
  autoBlocks = true

  private constructor(chain: Blockchain, now: () => number, isRefusal: (error: unknown) => boolean) {
    this.#chain = chain
    this.#now = now
    this.#isRefusal = isRefusal
    this.#mintBlock()
  }

  /**
   * Starts a chain.
   *
   * @param now - Unix milliseconds.
   * @throws CocoonError `ERR_UNSUPPORTED_RUNTIME` without the optional package `@ton/sandbox`.
   */
  static async create(now: () => number): Promise<LocalChain> {
    let sandbox: Pick<typeof Sandbox, 'Blockchain' | 'EmulationError' | 'Executor'>
    try {
      sandbox = await import('@ton/sandbox')
    } catch (cause) {
      throw new CocoonError('ERR_UNSUPPORTED_RUNTIME', 'a devnet with a chain needs the package @ton/sandbox', {
        phase: 'options',
        cause
      })
    }
    const { EmulationError } = sandbox
    const chain = await sandbox.Blockchain.create({ config: 'slim', executor: await sharedExecutor(sandbox) })
    return new LocalChain(chain, now, (error) => error instanceof EmulationError)
  }

  /** Time of the chain, Unix seconds. Never goes back. */
  get nowUnix(): number {
    this.#lastUnix = Math.max(this.#lastUnix, Math.floor(this.#now() / 1000) + this.#offsetSeconds)
    return this.#lastUnix
  }

  /** Moves the time of the chain on and makes a block. */
  advance(seconds: number): Promise<void> {
    if (!Number.isSafeInteger(seconds) || seconds < 0) {
      throw new CocoonError('ERR_OPTIONS', 'seconds must be a whole number, not negative', { phase: 'options' })
    }
    return this.#exclusive(() => {
      this.#offsetSeconds += seconds
      this.#mintBlock()
      return Promise.resolve()
    })
  }

  /** Called after each transaction, in order. @returns Ends it. */
  onTransaction(listener: Listener): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  #exclusive<T>(action: () => Promise<T>): Promise<T> {
    const result = this.#tail.then(action)
    this.#tail = result.catch(() => undefined)
    return result
  }

  #mintBlock(): void {
    const seqno = this.#blocks.length + 1
    const hash = (part: string): string =>
      createHash('sha256').update(`cocoonkit devnet block ${seqno} ${part}`).digest('hex')
    this.#blocks.push({ seqno, atUnix: this.nowUnix, rootHash: hash('root'), fileHash: hash('file') })
  }

  async #execute(message: Message): Promise<void> {
    this.#chain.now = this.nowUnix
    try {
      const { transactions } = await this.#chain.sendMessage(message)
      for (const transaction of transactions) this.#record(transaction)
    } catch (error) {
      if (!this.#isRefusal(error)) {
        // A machine that broke down serves nobody else.
        executor = undefined
        throw error
      }
      const exit = (error as { exitCode?: number }).exitCode
      throw refused(`external message was not accepted${exit === undefined ? '' : `, exit code ${exit}`}`, error)
    }
  }

  #record(transaction: Transaction): void {
    const address = new Address(0, Buffer.from(transaction.address.toString(16).padStart(64, '0'), 'hex'))
    const key = address.toRawString()
    const history = this.#history.get(key) ?? []
    this.#history.set(key, history)
    history.push(transaction)
    if (history.length > MAX_HISTORY) history.shift()
    for (const listener of this.#listeners) listener(transaction, address)
  }

  async #accept(message: Message): Promise<void> {
    if (!this.autoBlocks) {
      this.#pending.push(message)
      return
    }
    await this.#execute(message)
    this.#mintBlock()
  }

  /**
   * Hands in an external message.
   *
   * @throws CocoonError `ERR_CHAIN_RESPONSE` for bytes that are no external message, and when the contract does not accept
   * it (with manual blocks that shows only by its absence).
   */
  sendExternal(boc: Uint8Array): Promise<void> {
    const cell = cellOf(boc)
    let message: Message
    try {
      message = loadMessage(cell.beginParse())
    } catch (cause) {
      throw refused('not a message', cause)
    }
    if (message.info.type !== 'external-in') throw refused('not an external message')
    return this.#exclusive(() => this.#accept(message))
  }

  /** Sends an internal message from any address; its value comes from nowhere. @throws CocoonError `ERR_CHAIN_RESPONSE`. */
  sendInternal(input: InternalMessageInput): Promise<void> {
    const message: Message = {
      info: {
        type: 'internal',
        ihrDisabled: true,
        bounce: input.bounce ?? true,
        bounced: false,
        src: Address.parse(input.from),
        dest: Address.parse(input.to),
        value: { coins: input.valueNano },
        ihrFee: 0n,
        forwardFee: 0n,
        createdAt: 0,
        createdLt: 0n
      },
      body: input.body === undefined ? Cell.EMPTY : cellOf(input.body),
      ...(input.stateInit === undefined ? {} : { init: loadStateInit(cellOf(input.stateInit).beginParse()) })
    }
    return this.#exclusive(() => this.#accept(message))
  }

  /** Makes the next block out of what was handed in. @returns Its number. */
  stepBlock(): Promise<number> {
    return this.#exclusive(async () => {
      for (const message of this.#pending.splice(0)) {
        // A contract that does not accept a message leaves no trace in a block.
        await this.#execute(message).catch((error: unknown) => {
          if (!CocoonError.is(error)) throw error
        })
      }
      this.#mintBlock()
      return this.#blocks.length
    })
  }

  /** Resolves when everything handed in so far has been executed. */
  settled(): Promise<void> {
    return this.#exclusive(() => Promise.resolve())
  }

  #contract(address: string): Promise<SmartContract> {
    return this.#chain.getContract(Address.parse(address))
  }

  /** State of an account. */
  async account(address: string): Promise<LocalAccount> {
    const contract = await this.#contract(address)
    const state = contract.accountState
    const common = {
      balanceNano: contract.balance,
      lastLt: contract.lastTransactionLt,
      lastHash: contract.lastTransactionHash.toString(16).padStart(64, '0')
    }
    if (state?.type === 'active') {
      return { ...common, status: 'active', code: state.state.code ?? null, data: state.state.data ?? null }
    }
    const none = contract.lastTransactionLt === 0n && contract.balance === 0n
    const status = state?.type === 'frozen' ? 'frozen' : none ? 'nonexist' : 'uninit'
    return { ...common, status, code: null, data: null }
  }

  /** Transactions of an account, newest first; those before `beforeLt` when it is given. */
  transactions(address: string, limit: number, beforeLt?: bigint): readonly Transaction[] {
    const history = this.#history.get(Address.parse(address).toRawString()) ?? []
    const older = beforeLt === undefined ? history : history.filter(({ lt }) => lt < beforeLt)
    return older.slice(-limit).toReversed()
  }

  /** Runs a getter without arguments. */
  async runGetMethod(address: string, method: string | number): ReturnType<Blockchain['runGetMethod']> {
    return this.#chain.runGetMethod(Address.parse(address), method, [], { now: this.nowUnix })
  }

  /** A block by number, or the latest. */
  block(seqno: number | 'latest'): LocalBlock | undefined {
    return seqno === 'latest' ? this.#blocks.at(-1) : this.#blocks[seqno - 1]
  }
}
