/**
 * TON API v4 (tonhub) through `@ton/ton`'s `TonClient4`. Reads accounts at a given block, so an answer is never mixed from
 * two moments.
 *
 * @module
 */
import type { Address } from '@ton/core'
import type { TonClient4 } from '@ton/ton'
import { bytesToHex, decodeBase64, encodeBase64, hexToBytes } from '../../encoding/index.js'
import { axiosBridge } from './axios-bridge.js'
import { coreAddress, friendly, toCoreBuffer, toTransaction } from './cells.js'
import { badResponse } from './errors.js'
import type { HttpSourceOptions } from './http-client.js'
import { openJsonApi } from './json-api.js'
import { toldBy } from './told-state.js'
import { callLibrary, checkedBoc } from './toncenter-v2.js'
import type {
  AccountState,
  AddressInput,
  ChainCallOptions,
  ChainSource,
  ChainTransaction,
  MasterchainBlock,
  TransactionId,
  TransactionQuery
} from './types.js'

const NAME = 'ton-api-v4'

const base64Hash = (source: string, text: string): string => {
  try {
    return bytesToHex(decodeBase64(text.replaceAll('-', '+').replaceAll('_', '/')))
  } catch (cause) {
    throw badResponse(source, 'a hash does not parse', cause)
  }
}

/**
 * A source over a TON API v4 server.
 *
 * @param options.endpoint - Default `https://mainnet-v4.tonhubapi.com`.
 */
export function tonApiV4(options: HttpSourceOptions): ChainSource {
  const endpoint = options.endpoint ?? 'https://mainnet-v4.tonhubapi.com'
  const api = openJsonApi(NAME, endpoint, options)
  const open = async (signal: AbortSignal | undefined): Promise<TonClient4> => {
    const { TonClient4: Client } = await import('@ton/ton')
    return new Client({ endpoint, httpAdapter: axiosBridge(api.http, NAME, signal) })
  }
  const latest = async (client: TonClient4): Promise<MasterchainBlock> => {
    const { last } = await callLibrary(NAME, () => client.getLastBlock())
    return { seqno: last.seqno, rootHash: base64Hash(NAME, last.rootHash), fileHash: base64Hash(NAME, last.fileHash) }
  }
  const account = async (client: TonClient4, address: Address): Promise<AccountState> => {
    const block = await latest(client)
    const { account: found } = await callLibrary(NAME, () => client.getAccount(block.seqno, address))
    const { state } = found
    const bytes = (text: string | null, what: string): Uint8Array | null =>
      checkedBoc(NAME, text === null || text === '' ? null : decodeBase64(text), what)
    const lastTransaction: TransactionId | null = found.last && {
      lt: BigInt(found.last.lt),
      hash: base64Hash(NAME, found.last.hash)
    }
    return {
      address: friendly(address),
      status: state.type === 'uninit' && lastTransaction === null ? 'absent' : state.type,
      balanceNano: BigInt(found.balance.coins),
      code: state.type === 'active' ? bytes(state.code, 'code') : null,
      data: state.type === 'active' ? bytes(state.data, 'data') : null,
      lastTransaction,
      asOfMs: options.clock.now(),
      trust: [`${toldBy(NAME)} for masterchain block ${block.seqno}`]
    }
  }

  return {
    name: NAME,
    async getAccount(address: AddressInput, call: ChainCallOptions = {}): Promise<AccountState> {
      return callLibrary(NAME, async () => account(await open(call.signal), coreAddress(address)))
    },
    async getTransactions(address: AddressInput, query: TransactionQuery): Promise<readonly ChainTransaction[]> {
      const parsed = coreAddress(address)
      const client = await open(query.signal)
      return callLibrary(NAME, async () => {
        const from = query.before ?? (await account(client, parsed)).lastTransaction
        if (from === null) return []
        const page = await client.getAccountTransactions(parsed, from.lt, toCoreBuffer(hexToBytes(from.hash)))
        const found = page.map((entry) => toTransaction(entry.tx))
        // A page starts at the transaction that was asked for.
        return found.slice(query.before === undefined ? 0 : 1).slice(0, query.limit)
      })
    },
    async getMasterchainBlock(seqno: number | 'latest', call: ChainCallOptions = {}): Promise<MasterchainBlock> {
      const client = await open(call.signal)
      if (seqno === 'latest') return latest(client)
      const block = await callLibrary(NAME, () => client.getBlock(seqno))
      const found = block.shards.find((shard) => shard.workchain === -1 && shard.seqno === seqno)
      if (found === undefined) throw badResponse(NAME, `block ${seqno} does not list itself`)
      return { seqno, rootHash: base64Hash(NAME, found.rootHash), fileHash: base64Hash(NAME, found.fileHash) }
    },
    async send(message: Uint8Array, call: ChainCallOptions = {}): Promise<void> {
      const answer = await api.post('/send', { boc: encodeBase64(message) }, call.signal)
      if (answer.integer('status') !== 1) throw badResponse(NAME, 'the message was not accepted')
    }
  }
}
