/**
 * Ports: what the library wants of the chain, and no more: the state of an account, its transactions, the latest block,
 * and a way to hand in a signed message. Fill them with an adapter of this room or with your own.
 *
 * @module
 */
import type { TonAddress } from '../../encoding/index.js'

/** An address in any form: friendly or raw text, or its parts. */
export type AddressInput = string | TonAddress

/** Life of an account. */
export type AccountStatus = 'absent' | 'uninit' | 'active' | 'frozen'

/** A transaction's place in the history of its account. */
export interface TransactionId {
  readonly lt: bigint
  /** Hex. */
  readonly hash: string
}

/** State of an account as one source or several say it. */
export interface AccountState {
  /** Friendly, bounceable. */
  readonly address: string
  readonly status: AccountStatus
  readonly balanceNano: bigint
  /** Bag of cells; `null` unless active. */
  readonly code: Uint8Array | null
  /** Bag of cells; `null` unless active. */
  readonly data: Uint8Array | null
  readonly lastTransaction: TransactionId | null
  /** When the source answered, or the time of the block that the state was proved from; Unix milliseconds. */
  readonly asOfMs: number
  /** How this is known, one statement a line, for people and reports. */
  readonly trust: readonly string[]
}

/** A message of a transaction. */
export interface ChainMessage {
  /** `null` for an external message. */
  readonly source: string | null
  readonly destination: string | null
  readonly valueNano: bigint
  readonly bounced: boolean
  /** Bag of cells of the body. */
  readonly body: Uint8Array
  readonly createdLt: bigint
}

/** A transaction. */
export interface ChainTransaction extends TransactionId {
  readonly atUnix: number
  readonly inMessage: ChainMessage | null
  readonly outMessages: readonly ChainMessage[]
  /** Exit code of the compute phase; `null` when it was skipped, e.g. for lack of gas or of a contract. */
  readonly exitCode: number | null
  /** Result of the action phase; `null` when there was none. */
  readonly actionCode: number | null
  readonly aborted: boolean
}

/** A block of the masterchain. */
export interface MasterchainBlock {
  readonly seqno: number
  /** Hex. */
  readonly rootHash: string
  /** Hex. */
  readonly fileHash: string
}

/** Options of every call. */
export interface ChainCallOptions {
  readonly signal?: AbortSignal | undefined
}

/** Which transactions are wanted. */
export interface TransactionQuery extends ChainCallOptions {
  /** 1…100. */
  readonly limit: number
  /** Only transactions before this one. */
  readonly before?: TransactionId | undefined
}

/** Reads the chain. Safe to call in parallel. */
export interface ChainReader {
  /** Shown in errors and in {@link AccountState.trust}. */
  readonly name: string
  /** @throws CocoonError `ERR_CHAIN_UNAVAILABLE` | `ERR_CHAIN_RESPONSE` | `ERR_CHAIN_QUORUM` | `ERR_CHAIN_PROOF` | `ERR_ABORTED`. */
  getAccount(address: AddressInput, options?: ChainCallOptions): Promise<AccountState>
  /** Newest first. @throws as {@link ChainReader.getAccount}. */
  getTransactions(address: AddressInput, query: TransactionQuery): Promise<readonly ChainTransaction[]>
  /** A block of the masterchain by its number, or the latest. @throws as {@link ChainReader.getAccount}. */
  getMasterchainBlock(seqno: number | 'latest', options?: ChainCallOptions): Promise<MasterchainBlock>
}

/** Hands messages to the chain. */
export interface ChainSender {
  readonly name: string
  /**
   * Sends an external message (a bag of cells). Resolves when the source took it, which does not mean that it will be
   * executed. Sending the same bytes again is harmless: the wallet's sequence number admits them once.
   *
   * @throws CocoonError `ERR_CHAIN_UNAVAILABLE` | `ERR_CHAIN_RESPONSE` | `ERR_ABORTED`.
   */
  send(message: Uint8Array, options?: ChainCallOptions): Promise<void>
}

/** A source that reads and sends. */
export interface ChainSource extends ChainReader, ChainSender {}

/** What a lite server gives to prove an account's state. */
export interface AccountProof {
  /** Two Merkle proofs: masterchain block and masterchain state; empty for accounts of the masterchain. */
  readonly shardProof: Uint8Array
  /** Two Merkle proofs: shard block and shard state. */
  readonly proof: Uint8Array
  /** The account; empty when it does not exist. */
  readonly state: Uint8Array
}

/** A source of proofs. It need not be trusted. */
export interface ProofSource {
  readonly name: string
  getAccountProof(address: AddressInput, block: MasterchainBlock, options?: ChainCallOptions): Promise<AccountProof>
}
