/**
 * toncenter HTTP API v2 (JSON-RPC) through `@ton/ton`'s `TonClient`.
 *
 * @module
 */
import type { Cell } from '@ton/core'
import type { TonClient } from '@ton/ton'
import { decodeBase64, bytesToHex, encodeBase64, hexToBytes } from '../../encoding/index.js'
import { CocoonError } from '../../errors.js'
import { axiosBridge } from './axios-bridge.js'
import { bocOf, coreAddress, friendly, readBoc, toTransaction } from './cells.js'
import { badResponse } from './errors.js'
import type { JsonFields } from './fields.js'
import type { HttpSourceOptions } from './http-client.js'
import { openJsonApi } from './json-api.js'
import { toldBy } from './told-state.js'
import type {
  AccountState,
  AccountStatus,
  AddressInput,
  ChainCallOptions,
  ChainSource,
  ChainTransaction,
  MasterchainBlock,
  TransactionQuery
} from './types.js'

const NAME = 'toncenter-v2'
const MASTERCHAIN_SHARD = '-9223372036854775808'

/** Runs a call of `@ton/ton` and gives its failures our type. */
export async function callLibrary<T>(source: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call()
  } catch (error) {
    if (CocoonError.is(error)) throw error
    throw badResponse(source, 'the answer does not fit the API', error)
  }
}

/** Code or data as plain bytes: bytes that are no bag of cells are refused here and not later. */
export function checkedBoc(source: string, bytes: Uint8Array | null, what: string): Uint8Array | null {
  if (bytes === null) return null
  const cell: Cell = readBoc(source, new Uint8Array(bytes), what)
  return bocOf(cell)
}

/**
 * A source over toncenter's API v2, or anything that speaks it.
 *
 * @param options.endpoint - Default `https://toncenter.com/api/v2/jsonRPC`.
 */
export function toncenterV2(options: HttpSourceOptions): ChainSource {
  const endpoint = options.endpoint ?? 'https://toncenter.com/api/v2/jsonRPC'
  const headers: Record<string, string> = options.apiKey === undefined ? {} : { 'x-api-key': options.apiKey }
  const api = openJsonApi(NAME, endpoint, options, headers)

  const open = async (signal: AbortSignal | undefined): Promise<TonClient> => {
    const { TonClient: Client } = await import('@ton/ton')
    const apiKey = options.apiKey === undefined ? {} : { apiKey: options.apiKey }
    return new Client({ endpoint, httpAdapter: axiosBridge(api.http, NAME, signal), ...apiKey })
  }
  const rpc = async (method: string, params: object, signal: AbortSignal | undefined): Promise<JsonFields> => {
    const answer = await api.post('', { id: '1', jsonrpc: '2.0', method, params }, signal)
    if (!answer.has('ok') || !answer.flag('ok')) throw badResponse(NAME, `${method} failed`)
    return answer.object('result')
  }

  return {
    name: NAME,
    async getAccount(address: AddressInput, call: ChainCallOptions = {}): Promise<AccountState> {
      const parsed = coreAddress(address)
      const client = await open(call.signal)
      const state = await callLibrary(NAME, () => client.getContractState(parsed))
      const empty = state.state === 'uninitialized' && state.balance <= 0n && state.lastTransaction === null
      const status: AccountStatus = empty ? 'absent' : state.state === 'uninitialized' ? 'uninit' : state.state
      return {
        address: friendly(parsed),
        status,
        // The API says -1 for an account that never existed.
        balanceNano: state.balance < 0n ? 0n : state.balance,
        code: status === 'active' ? checkedBoc(NAME, state.code, 'code') : null,
        data: status === 'active' ? checkedBoc(NAME, state.data, 'data') : null,
        lastTransaction: state.lastTransaction && {
          lt: BigInt(state.lastTransaction.lt),
          hash: bytesToHex(decodeBase64(state.lastTransaction.hash))
        },
        asOfMs: options.clock.now(),
        trust: [toldBy(NAME)]
      }
    },
    async getTransactions(address: AddressInput, query: TransactionQuery): Promise<readonly ChainTransaction[]> {
      const parsed = coreAddress(address)
      const client = await open(query.signal)
      const before =
        query.before === undefined
          ? {}
          : { lt: query.before.lt.toString(), hash: encodeBase64(hexToBytes(query.before.hash)) }
      const transactions = await callLibrary(NAME, () =>
        client.getTransactions(parsed, { limit: query.limit, archival: true, ...before })
      )
      return transactions.map(toTransaction)
    },
    async getMasterchainBlock(seqno: number | 'latest', call: ChainCallOptions = {}): Promise<MasterchainBlock> {
      const latest = seqno === 'latest'
      const block = latest
        ? (await rpc('getMasterchainInfo', {}, call.signal)).object('last')
        : await rpc('lookupBlock', { workchain: -1, shard: MASTERCHAIN_SHARD, seqno }, call.signal)
      return readBlock(block, 'root_hash', 'file_hash')
    },
    async send(message: Uint8Array, call: ChainCallOptions = {}): Promise<void> {
      await rpc('sendBoc', { boc: encodeBase64(message) }, call.signal)
    }
  }
}

/** Reads a block id. @throws CocoonError `ERR_CHAIN_RESPONSE`. */
export function readBlock(block: JsonFields, rootHash: string, fileHash: string): MasterchainBlock {
  return { seqno: block.integer('seqno'), rootHash: block.hash(rootHash), fileHash: block.hash(fileHash) }
}
