/**
 * A TVM sandbox with the mainnet bytecode (from ../shared, never committed) for the money tests.
 *
 * @module
 */
import { Address, Cell, loadStateInit, type Transaction } from '@ton/core'
import { Blockchain, type SmartContract } from '@ton/sandbox'
import { toTransaction } from '../../src/payments/chain/cells.js'
import type { AccountState, ChainReader, ChainSender, ChainTransaction } from '../../src/payments/chain/index.js'
import {
  parseClientState,
  parseProxyState,
  type ClientContractState,
  type ProxyContractState
} from '../../src/payments/contracts/index.js'

export interface Outcome {
  readonly to: string
  readonly exit: number | null
  readonly op: number | null
}

/** Sends messages as anybody and reads what the contracts became. */
export class Sandbox {
  readonly chain: Blockchain
  private constructor(chain: Blockchain) {
    this.chain = chain
  }

  static async create(nowUnix: number): Promise<Sandbox> {
    const chain = await Blockchain.create()
    chain.now = nowUnix
    return new Sandbox(chain)
  }

  get nowUnix(): number {
    return this.chain.now ?? 0
  }

  set nowUnix(value: number) {
    this.chain.now = value
  }

  async send(message: {
    from: string
    to: string
    valueNano: bigint
    body?: Uint8Array
    stateInit?: Uint8Array
    bounce?: boolean
  }): Promise<readonly Outcome[]> {
    const result = await this.chain.sendMessage({
      info: {
        type: 'internal',
        ihrDisabled: true,
        bounce: message.bounce ?? true,
        bounced: false,
        src: Address.parse(message.from),
        dest: Address.parse(message.to),
        value: { coins: message.valueNano },
        ihrFee: 0n,
        forwardFee: 0n,
        createdAt: 0,
        createdLt: 0n
      },
      body: message.body === undefined ? Cell.EMPTY : (Cell.fromBoc(Buffer.from(message.body))[0] ?? Cell.EMPTY),
      ...(message.stateInit === undefined
        ? {}
        : { init: loadStateInit((Cell.fromBoc(Buffer.from(message.stateInit))[0] ?? Cell.EMPTY).beginParse()) })
    })
    return result.transactions.map(describeTransaction)
  }

  async contract(address: string): Promise<SmartContract> {
    return this.chain.getContract(Address.parse(address))
  }

  async data(address: string): Promise<Uint8Array | null> {
    const contract = await this.contract(address)
    const state = contract.accountState
    if (state?.type !== 'active' || !state.state.data) return null
    return new Uint8Array(state.state.data.toBoc())
  }

  async client(address: string): Promise<ClientContractState | null> {
    const data = await this.data(address)
    return data && parseClientState(data)
  }

  async proxy(address: string): Promise<ProxyContractState | null> {
    const data = await this.data(address)
    return data && parseProxyState(data)
  }

  async balance(address: string): Promise<bigint> {
    return (await this.contract(address)).balance
  }
}

function describeTransaction(transaction: Transaction): Outcome {
  const { description, inMessage } = transaction
  const exit =
    description.type === 'generic' && description.computePhase.type === 'vm' ? description.computePhase.exitCode : null
  const body = inMessage?.body.beginParse()
  const op = body !== undefined && body.remainingBits >= 32 ? body.loadUint(32) : null
  const to = inMessage?.info.type === 'internal' ? inMessage.info.dest.toString() : ''
  return { to, exit, op }
}

/** The sandbox as a source of the chain: what an API would say about it, and a way in for external messages. */
export class SandboxSource implements ChainReader, ChainSender {
  readonly name = 'sandbox'
  readonly #sandbox: Sandbox
  readonly #history = new Map<string, ChainTransaction[]>()
  /** Set to make the next `send` fail before or after the message got through. */
  failure: 'none' | 'before' | 'after' = 'none'

  constructor(sandbox: Sandbox) {
    this.#sandbox = sandbox
  }

  async getAccount(address: string | { workchain: number; hash: Uint8Array }): Promise<AccountState> {
    const parsed = Address.parse(address as string)
    const contract = await this.#sandbox.chain.getContract(parsed)
    const state = contract.accountState
    const active = state?.type === 'active' ? state.state : null
    const boc = (cell: Cell | null | undefined): Uint8Array | null => (!cell ? null : new Uint8Array(cell.toBoc()))
    return {
      address: parsed.toString(),
      status: state?.type ?? 'absent',
      balanceNano: contract.balance,
      code: boc(active?.code),
      data: boc(active?.data),
      lastTransaction: null,
      asOfMs: this.#sandbox.nowUnix * 1000,
      trust: ['sandbox']
    }
  }

  async getTransactions(
    address: string | { workchain: number; hash: Uint8Array },
    query: { limit: number }
  ): Promise<readonly ChainTransaction[]> {
    return (this.#history.get(Address.parse(address as string).toRawString()) ?? []).slice(0, query.limit)
  }

  getMasterchainBlock(): Promise<never> {
    return Promise.reject(new Error('the sandbox has no blocks'))
  }

  async send(message: Uint8Array): Promise<void> {
    if (this.failure === 'before') throw new Error('connection refused')
    const result = await this.#sandbox.chain.sendMessage(Cell.fromBoc(Buffer.from(message))[0] ?? Cell.EMPTY)
    this.record(result.transactions)
    if (this.failure === 'after') throw new Error('connection reset')
  }

  record(transactions: readonly Transaction[]): void {
    for (const transaction of transactions) {
      const account = `0:${transaction.address.toString(16).padStart(64, '0')}`
      const list = this.#history.get(account) ?? []
      list.unshift(toTransaction(transaction))
      this.#history.set(account, list)
    }
  }
}
