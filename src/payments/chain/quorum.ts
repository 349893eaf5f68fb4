/**
 * Several sources as one: an answer counts when enough of them agree on it. A single lying or stale API cannot invent
 * state, hide a closing contract or report a transaction that nobody else saw.
 *
 * @module
 */
import { CocoonError } from '../../errors.js'
import { bytesToHex } from '../../encoding/index.js'
import type {
  AccountState,
  AddressInput,
  ChainCallOptions,
  ChainReader,
  ChainTransaction,
  MasterchainBlock,
  TransactionQuery
} from './types.js'

function noAgreement(what: string, needed: number, failures: readonly unknown[]): CocoonError {
  return new CocoonError('ERR_CHAIN_QUORUM', `fewer than ${needed} sources agree on ${what}`, {
    phase: 'chain',
    retryable: true,
    cause: failures.length === 0 ? undefined : new AggregateError(failures)
  })
}

/** Asks every reader; sources that fail do not vote. An abort ends the call. */
async function askAll<T>(
  readers: readonly ChainReader[],
  ask: (reader: ChainReader) => Promise<T>
): Promise<{ readonly votes: readonly (readonly [ChainReader, T])[]; readonly failures: readonly unknown[] }> {
  const settled = await Promise.allSettled(readers.map(async (reader) => [reader, await ask(reader)] as const))
  const failures = settled.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []))
  const aborted = failures.find(
    (failure) => CocoonError.is(failure, 'ERR_ABORTED') || CocoonError.is(failure, 'ERR_TIMEOUT')
  )
  if (aborted !== undefined) throw aborted
  return { votes: settled.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : [])), failures }
}

/** The largest group of votes with one key, if it is large enough and no other group is. */
function agreeing<T>(
  votes: readonly (readonly [ChainReader, T])[],
  needed: number,
  keyOf: (value: T) => string
): readonly (readonly [ChainReader, T])[] | null {
  const groups = new Map<string, (readonly [ChainReader, T])[]>()
  for (const vote of votes) {
    const key = keyOf(vote[1])
    groups.set(key, [...(groups.get(key) ?? []), vote])
  }
  const enough = [...groups.values()].filter((group) => group.length >= needed)
  return enough.length === 1 ? (enough[0] ?? null) : null
}

/** What must be equal: status, code and data. Balances differ by storage fees between blocks. */
function stateKey(state: AccountState): string {
  const hex = (bytes: Uint8Array | null): string => (bytes === null ? '-' : bytesToHex(bytes))
  return `${state.status}|${hex(state.code)}|${hex(state.data)}`
}

/**
 * A reader that trusts what at least `needed` of `readers` say.
 *
 * Account: equal status, code and data; of the agreeing states the one with the lowest balance is returned. Transactions:
 * those that enough sources list. Blocks: equal root and file hash.
 *
 * @param needed - 2…`readers.length`; more than half of them, or two disagreeing groups could both be large enough.
 * @throws CocoonError `ERR_OPTIONS` for other numbers. Calls throw `ERR_CHAIN_QUORUM`, retryable, when too few agree.
 */
export function quorum(readers: readonly ChainReader[], needed: number): ChainReader {
  if (!Number.isInteger(needed) || needed < 1 || needed > readers.length || needed * 2 <= readers.length) {
    throw new CocoonError('ERR_OPTIONS', 'needed must be more than half of the sources, and at most all', {
      phase: 'options',
      field: 'needed'
    })
  }
  if (new Set(readers).size !== readers.length) {
    throw new CocoonError('ERR_OPTIONS', 'the same source cannot vote twice', { phase: 'options', field: 'readers' })
  }
  const blockAt = async (seqno: number, call: ChainCallOptions): Promise<MasterchainBlock> => {
    const { votes, failures } = await askAll(readers, (reader) => reader.getMasterchainBlock(seqno, call))
    const group = agreeing(votes, needed, (block) => `${block.seqno}|${block.rootHash}|${block.fileHash}`)
    if (group?.[0] === undefined || group[0][1].seqno !== seqno)
      throw noAgreement(`masterchain block ${seqno}`, needed, failures)
    return group[0][1]
  }

  return {
    name: `quorum(${readers.map((reader) => reader.name).join(', ')}; ${needed})`,
    async getAccount(address: AddressInput, call: ChainCallOptions = {}): Promise<AccountState> {
      const { votes, failures } = await askAll(readers, (reader) => reader.getAccount(address, call))
      const group = agreeing(votes, needed, stateKey)
      const [first] = group ?? []
      if (group === null || first === undefined) throw noAgreement('the account state', needed, failures)
      const lowest = group.reduce(
        (least, [, state]) => (state.balanceNano < least.balanceNano ? state : least),
        first[1]
      )
      const names = group.map(([reader]) => reader.name).join(', ')
      return { ...lowest, trust: [`account state agreed by ${group.length} of ${readers.length} sources: ${names}`] }
    },
    async getTransactions(address: AddressInput, query: TransactionQuery): Promise<readonly ChainTransaction[]> {
      const { votes, failures } = await askAll(readers, (reader) => reader.getTransactions(address, query))
      if (votes.length < needed) throw noAgreement('the transactions', needed, failures)
      const seen = new Map<string, { readonly transaction: ChainTransaction; count: number }>()
      for (const [, transactions] of votes) {
        for (const transaction of new Map(transactions.map((item) => [transactionKey(item), item])).values()) {
          const entry = seen.get(transactionKey(transaction)) ?? { transaction, count: 0 }
          entry.count++
          seen.set(transactionKey(transaction), entry)
        }
      }
      const common = [...seen.values()].filter((entry) => entry.count >= needed).map((entry) => entry.transaction)
      return common.sort((a, b) => (a.lt < b.lt ? 1 : a.lt > b.lt ? -1 : 0))
    },
    async getMasterchainBlock(seqno: number | 'latest', call: ChainCallOptions = {}): Promise<MasterchainBlock> {
      if (seqno !== 'latest') return blockAt(seqno, call)
      const { votes, failures } = await askAll(readers, (reader) => reader.getMasterchainBlock('latest', call))
      const heads = [...new Set(votes.map(([, block]) => block.seqno))].sort((x, y) => y - x)
      // One source alone cannot push the number up (its block is not known to others) or hold it back (higher ones come first).
      for (const seqno of heads) {
        try {
          return await blockAt(seqno, call)
        } catch (error) {
          if (!CocoonError.is(error, 'ERR_CHAIN_QUORUM')) throw error
        }
      }
      throw noAgreement('the latest block', needed, failures)
    }
  }
}

/** What two sources must say alike about a transaction: the same body, value and results under the same hash. */
function transactionKey(transaction: ChainTransaction): string {
  const { inMessage } = transaction
  const message = inMessage === null ? '-' : `${inMessage.source}|${inMessage.valueNano}|${bytesToHex(inMessage.body)}`
  return `${transaction.lt}|${transaction.hash}|${transaction.exitCode}|${transaction.actionCode}|${message}`
}
