/**
 * A reader that believes nobody about an account: the block hash comes from sources that agree, the state from a proof.
 *
 * @module
 */
import { CocoonError } from '../../errors.js'
import type { Clock } from '../../runtime/ports/clock.js'
import { verifyAccountProof } from './account-proof.js'
import type {
  AccountState,
  AddressInput,
  ChainCallOptions,
  ChainReader,
  ChainTransaction,
  MasterchainBlock,
  ProofSource,
  TransactionQuery
} from './types.js'

/** What a proving reader is made of. */
export interface ProvenReaderOptions {
  /** Names the latest block: a quorum, so that several must agree on its hash. */
  readonly blocks: ChainReader
  /** Delivers proofs; not trusted. */
  readonly proofs: ProofSource
  /** Oldest state that is accepted, by the time in the proved state. Default 120_000. */
  readonly maxAgeMs?: number | undefined
  readonly clock: Clock
}

/**
 * Reads accounts by proof. Transactions and blocks are those of `blocks`.
 *
 * @throws CocoonError of calls: as `blocks`, and `ERR_CHAIN_PROOF` for a proof that does not hold or is too old.
 */
export function provenReader(options: ProvenReaderOptions): ChainReader {
  const { blocks, proofs, clock } = options
  const maxAgeMs = options.maxAgeMs ?? 120_000
  return {
    name: `proved(${blocks.name}; ${proofs.name})`,
    async getAccount(address: AddressInput, call: ChainCallOptions = {}): Promise<AccountState> {
      const block = await blocks.getMasterchainBlock('latest', call)
      const state = verifyAccountProof(address, block, await proofs.getAccountProof(address, block, call))
      const ageMs = clock.now() - state.asOfMs
      if (ageMs > maxAgeMs) {
        throw new CocoonError('ERR_CHAIN_PROOF', `the proved state is ${Math.round(ageMs / 1000)} s old`, {
          phase: 'chain',
          retryable: true
        })
      }
      return { ...state, trust: [...state.trust, `block hash from ${blocks.name}`] }
    },
    getTransactions: (address: AddressInput, query: TransactionQuery): Promise<readonly ChainTransaction[]> =>
      blocks.getTransactions(address, query),
    getMasterchainBlock: (seqno: number | 'latest', call?: ChainCallOptions): Promise<MasterchainBlock> =>
      blocks.getMasterchainBlock(seqno, call)
  }
}
