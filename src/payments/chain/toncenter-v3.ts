/**
 * toncenter HTTP API v3 (indexer). Source: its OpenAPI description (toncenter/ton-indexer, ton-index-go/docs/swagger.yaml
 * @010a1116), paths `/accountStates`, `/transactions`, `/blocks`,
 * `/masterchainInfo`, `/message`.
 *
 * @module
 */
import { encodeBase64 } from '../../encoding/index.js'
import { coreAddress, EMPTY_BOC, friendly, friendlyFrom, readBoc, bocOf } from './cells.js'
import { badResponse } from './errors.js'
import type { JsonFields } from './fields.js'
import type { HttpSourceOptions } from './http-client.js'
import { openJsonApi } from './json-api.js'
import { absentState, toldState } from './told-state.js'
import { readBlock } from './toncenter-v2.js'
import type {
  AccountState,
  AddressInput,
  ChainCallOptions,
  ChainMessage,
  ChainSource,
  ChainTransaction,
  MasterchainBlock,
  TransactionQuery
} from './types.js'

const NAME = 'toncenter-v3'

function boc(fields: JsonFields, field: string): Uint8Array | null {
  if (!fields.has(field) || fields.text(field) === '') return null
  return bocOf(readBoc(NAME, fields.base64(field), field))
}

function readMessage(fields: JsonFields): ChainMessage {
  const content = fields.has('message_content') ? fields.object('message_content') : null
  const address = (field: string): string | null =>
    fields.has(field) && fields.text(field) !== '' ? friendlyFrom(NAME, fields.text(field)) : null
  return {
    source: address('source'),
    destination: address('destination'),
    valueNano: fields.has('value') ? fields.big('value') : 0n,
    bounced: fields.has('bounced') && fields.flag('bounced'),
    body: (content && boc(content, 'body')) ?? EMPTY_BOC,
    createdLt: fields.has('created_lt') ? fields.big('created_lt') : 0n
  }
}

function readTransactionFields(fields: JsonFields): ChainTransaction {
  const description = fields.object('description')
  const compute = description.has('compute_ph') ? description.object('compute_ph') : null
  const skipped = compute === null || (compute.has('skipped') && compute.flag('skipped'))
  const action = description.has('action') ? description.object('action') : null
  return {
    lt: fields.big('lt'),
    hash: fields.hash('hash'),
    atUnix: fields.integer('now'),
    inMessage: fields.has('in_msg') ? readMessage(fields.object('in_msg')) : null,
    outMessages: fields.has('out_msgs') ? fields.list('out_msgs', 256).map(readMessage) : [],
    exitCode: skipped ? null : compute.integer('exit_code'),
    actionCode: action?.has('result_code') === true ? action.integer('result_code') : null,
    aborted: description.has('aborted') && description.flag('aborted')
  }
}

/**
 * A source over toncenter's API v3.
 *
 * @param options.endpoint - Default `https://toncenter.com/api/v3`.
 */
export function toncenterV3(options: HttpSourceOptions): ChainSource {
  const api = openJsonApi(
    NAME,
    options.endpoint ?? 'https://toncenter.com/api/v3',
    options,
    options.apiKey === undefined ? {} : { 'x-api-key': options.apiKey }
  )

  return {
    name: NAME,
    async getAccount(address: AddressInput, call: ChainCallOptions = {}): Promise<AccountState> {
      const parsed = coreAddress(address)
      const query = { address: parsed.toRawString(), include_boc: 'true' }
      const answer = await api.get('/accountStates', query, call.signal)
      // A list of nothing may be null; an answer without the list says nothing about the account.
      const accounts = answer.isNull('accounts') ? [] : answer.list('accounts', 16)
      const own = accounts.find((account) => friendlyFrom(NAME, account.text('address')) === friendly(parsed))
      const nowMs = options.clock.now()
      const fields = { code: 'code_boc', data: 'data_boc', read: boc }
      if (own !== undefined) return toldState(NAME, own, friendly(parsed), fields, nowMs)
      if (accounts.length > 0) throw badResponse(NAME, 'the answer is about another account')
      return absentState(NAME, friendly(parsed), nowMs)
    },
    async getTransactions(address: AddressInput, query: TransactionQuery): Promise<readonly ChainTransaction[]> {
      const before: Record<string, string> =
        query.before === undefined ? {} : { end_lt: (query.before.lt - 1n).toString() }
      const parameters = {
        account: coreAddress(address).toRawString(),
        limit: String(query.limit),
        sort: 'desc',
        ...before
      }
      const answer = await api.get('/transactions', parameters, query.signal)
      return answer.list('transactions', 1000).map(readTransactionFields).slice(0, query.limit)
    },
    async getMasterchainBlock(seqno: number | 'latest', call: ChainCallOptions = {}): Promise<MasterchainBlock> {
      if (seqno === 'latest')
        return readBlock((await api.get('/masterchainInfo', {}, call.signal)).object('last'), 'root_hash', 'file_hash')
      const answer = await api.get(
        '/blocks',
        { workchain: '-1', shard: '8000000000000000', seqno: String(seqno), limit: '1' },
        call.signal
      )
      const [block] = answer.list('blocks', 4)
      if (block === undefined || block.integer('seqno') !== seqno)
        throw badResponse(NAME, `block ${seqno} is unknown to it`)
      return readBlock(block, 'root_hash', 'file_hash')
    },
    async send(message: Uint8Array, call: ChainCallOptions = {}): Promise<void> {
      await api.submit('/message', { boc: encodeBase64(message) }, call.signal)
    }
  }
}
