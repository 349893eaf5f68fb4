/**
 * tonapi.io v2. Besides the common port it passes on what its lite servers prove about an account, so it is a
 * {@link ProofSource} too. Source: its OpenAPI description, sections Blockchain and LiteServer.
 *
 * @module
 */
import { bytesToHex, hexToBytes } from '../../encoding/index.js'
import { bocOf, coreAddress, friendly, friendlyFrom, readBoc, readTransaction } from './cells.js'
import { badResponse } from './errors.js'
import { JsonFields } from './fields.js'
import { HttpClient, type HttpSourceOptions } from './http-client.js'
import { CocoonError } from '../../errors.js'
import { readBlock } from './toncenter-v2.js'
import type {
  AccountProof,
  AccountState,
  AccountStatus,
  AddressInput,
  ChainCallOptions,
  ChainSource,
  ChainTransaction,
  MasterchainBlock,
  ProofSource,
  TransactionQuery
} from './types.js'

const NAME = 'tonapi'
const MASTERCHAIN_SHARD = '8000000000000000'
const STATUSES: Readonly<Record<string, AccountStatus>> = {
  active: 'active',
  uninit: 'uninit',
  frozen: 'frozen',
  nonexist: 'absent'
}

function hexBoc(fields: JsonFields, field: string): Uint8Array | null {
  if (!fields.has(field) || fields.text(field) === '') return null
  return bocOf(readBoc(NAME, fields.hex(field), field))
}

function readAccount(fields: JsonFields, address: string, nowMs: number): AccountState {
  if (friendlyFrom(NAME, fields.text('address')) !== address)
    throw badResponse(NAME, 'the answer is about another account')
  const status = STATUSES[fields.text('status')]
  if (status === undefined) throw badResponse(NAME, 'unknown account status')
  const active = status === 'active'
  return {
    address,
    status,
    balanceNano: fields.big('balance'),
    code: active ? hexBoc(fields, 'code') : null,
    data: active ? hexBoc(fields, 'data') : null,
    lastTransaction: fields.has('last_transaction_hash')
      ? { lt: fields.big('last_transaction_lt'), hash: fields.hash('last_transaction_hash') }
      : null,
    asOfMs: nowMs,
    trust: [`account state as ${NAME} tells it`]
  }
}

/**
 * A source over tonapi.
 *
 * @param options.endpoint - Default `https://tonapi.io`.
 */
export function tonapi(options: HttpSourceOptions): ChainSource & ProofSource {
  const endpoint = options.endpoint ?? 'https://tonapi.io'
  const http = new HttpClient(NAME, options)
  const headers: Record<string, string> =
    options.apiKey === undefined ? {} : { authorization: `Bearer ${options.apiKey}` }
  const get = async (path: string, signal: AbortSignal | undefined): Promise<JsonFields> =>
    new JsonFields(NAME, await http.json({ method: 'GET', url: `${endpoint}${path}`, headers, signal }), 'answer')

  return {
    name: NAME,
    async getAccount(address: AddressInput, call: ChainCallOptions = {}): Promise<AccountState> {
      const parsed = coreAddress(address)
      try {
        return readAccount(
          await get(`/v2/blockchain/accounts/${parsed.toRawString()}`, call.signal),
          friendly(parsed),
          options.clock.now()
        )
      } catch (error) {
        // The API answers 404 for an account that never existed.
        if (!CocoonError.is(error, 'ERR_CHAIN_RESPONSE') || error.httpStatus !== 404) throw error
        const trust = [`account state as ${NAME} tells it`]
        return {
          address: friendly(parsed),
          status: 'absent',
          balanceNano: 0n,
          code: null,
          data: null,
          lastTransaction: null,
          asOfMs: options.clock.now(),
          trust
        }
      }
    },
    async getTransactions(address: AddressInput, query: TransactionQuery): Promise<readonly ChainTransaction[]> {
      const before = query.before === undefined ? '' : `&before_lt=${query.before.lt}`
      const answer = await get(
        `/v2/blockchain/accounts/${coreAddress(address).toRawString()}/transactions?limit=${query.limit}${before}`,
        query.signal
      )
      return answer
        .list('transactions', 1000)
        .map((fields) => readTransaction(NAME, fields.hex('raw')))
        .slice(0, query.limit)
    },
    async getMasterchainBlock(seqno: number | 'latest', call: ChainCallOptions = {}): Promise<MasterchainBlock> {
      const path =
        seqno === 'latest'
          ? '/v2/blockchain/masterchain-head'
          : `/v2/blockchain/blocks/(-1,${MASTERCHAIN_SHARD},${seqno})`
      return readBlock(await get(path, call.signal), 'root_hash', 'file_hash')
    },
    async send(message: Uint8Array, call: ChainCallOptions = {}): Promise<void> {
      const body = JSON.stringify({ boc: bytesToHex(message) })
      await http.text({
        method: 'POST',
        url: `${endpoint}/v2/blockchain/message`,
        headers: { ...headers, 'content-type': 'application/json' },
        body,
        signal: call.signal
      })
    },
    async getAccountProof(
      address: AddressInput,
      block: MasterchainBlock,
      call: ChainCallOptions = {}
    ): Promise<AccountProof> {
      const target = `(-1,${MASTERCHAIN_SHARD},${block.seqno},${block.rootHash},${block.fileHash})`
      const path = `/v2/liteserver/get_account_state/${coreAddress(address).toRawString()}?target_block=${encodeURIComponent(target)}`
      const answer = await get(path, call.signal)
      const bytes = (field: string): Uint8Array =>
        answer.has(field) && answer.text(field) !== '' ? hexToBytes(answer.text(field)) : new Uint8Array()
      return { shardProof: bytes('shard_proof'), proof: bytes('proof'), state: bytes('state') }
    }
  }
}
