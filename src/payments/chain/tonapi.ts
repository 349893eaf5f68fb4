/**
 * tonapi.io v2. Besides the common port it passes on what its lite servers prove about an account, so it is a
 * {@link ProofSource} too. Source: its OpenAPI description (tonkeeper/opentonapi, api/openapi.yml @3ccd5d14: `AccountStatus`,
 * `Transaction.raw`, `/v2/liteserver/get_account_state`): code, data, proofs and messages are hex.
 *
 * @module
 */
import { bytesToHex } from '../../encoding/index.js'
import { CocoonError } from '../../errors.js'
import { bocOf, coreAddress, friendly, friendlyFrom, readBoc, readTransaction } from './cells.js'
import { badResponse } from './errors.js'
import type { JsonFields } from './fields.js'
import type { HttpSourceOptions } from './http-client.js'
import { openJsonApi } from './json-api.js'
import { absentState, toldState } from './told-state.js'
import { readBlock } from './toncenter-v2.js'
import type {
  AccountProof,
  AccountState,
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

function hexBoc(fields: JsonFields, field: string): Uint8Array | null {
  if (!fields.has(field) || fields.text(field) === '') return null
  return bocOf(readBoc(NAME, fields.hex(field), field))
}

/**
 * A source over tonapi.
 *
 * @param options.endpoint - Default `https://tonapi.io`.
 */
export function tonapi(options: HttpSourceOptions): ChainSource & ProofSource {
  const api = openJsonApi(
    NAME,
    options.endpoint ?? 'https://tonapi.io',
    options,
    options.apiKey === undefined ? {} : { authorization: `Bearer ${options.apiKey}` }
  )

  return {
    name: NAME,
    async getAccount(address: AddressInput, call: ChainCallOptions = {}): Promise<AccountState> {
      const parsed = coreAddress(address)
      const own = friendly(parsed)
      try {
        const fields = await api.get(`/v2/blockchain/accounts/${parsed.toRawString()}`, {}, call.signal)
        if (friendlyFrom(NAME, fields.text('address')) !== own)
          throw badResponse(NAME, 'the answer is about another account')
        return toldState(NAME, fields, own, { code: 'code', data: 'data', read: hexBoc }, options.clock.now())
      } catch (error) {
        // The API answers 404 for an account that never existed.
        if (!CocoonError.is(error, 'ERR_CHAIN_RESPONSE') || error.httpStatus !== 404) throw error
        return absentState(NAME, own, options.clock.now())
      }
    },
    async getTransactions(address: AddressInput, query: TransactionQuery): Promise<readonly ChainTransaction[]> {
      const answer = await api.get(
        `/v2/blockchain/accounts/${coreAddress(address).toRawString()}/transactions`,
        { limit: String(query.limit), ...(query.before !== undefined && { before_lt: String(query.before.lt) }) },
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
      return readBlock(await api.get(path, {}, call.signal), 'root_hash', 'file_hash')
    },
    async send(message: Uint8Array, call: ChainCallOptions = {}): Promise<void> {
      await api.submit('/v2/blockchain/message', { boc: bytesToHex(message) }, call.signal)
    },
    async getAccountProof(
      address: AddressInput,
      block: MasterchainBlock,
      call: ChainCallOptions = {}
    ): Promise<AccountProof> {
      const target = `(-1,${MASTERCHAIN_SHARD},${block.seqno},${block.rootHash},${block.fileHash})`
      const path = `/v2/liteserver/get_account_state/${coreAddress(address).toRawString()}`
      const answer = await api.get(path, { target_block: target }, call.signal)
      const bytes = (field: string): Uint8Array =>
        answer.has(field) && answer.text(field) !== '' ? answer.hex(field) : new Uint8Array()
      return { shardProof: bytes('shard_proof'), proof: bytes('proof'), state: bytes('state') }
    }
  }
}
