/**
 * toncenter HTTP API v3 (indexer). Source: its OpenAPI description, paths `/accountStates`, `/transactions`, `/blocks`,
 * `/masterchainInfo`, `/message`.
 *
 * @module
 */
import { encodeBase64 } from '../../encoding/index.js'
import { coreAddress, EMPTY_BOC, friendly, friendlyFrom, readBoc, bocOf } from './cells.js'
import { badResponse } from './errors.js'
import { JsonFields } from './fields.js'
import { HttpClient, type HttpSourceOptions } from './http-client.js'
import { readBlock } from './toncenter-v2.js'
import type {
  AccountState,
  AccountStatus,
  AddressInput,
  ChainCallOptions,
  ChainMessage,
  ChainSource,
  ChainTransaction,
  MasterchainBlock,
  TransactionQuery
} from './types.js'

const NAME = 'toncenter-v3'
const STATUSES: Readonly<Record<string, AccountStatus>> = {
  active: 'active',
  uninit: 'uninit',
  frozen: 'frozen',
  nonexist: 'absent'
}

function boc(fields: JsonFields, field: string): Uint8Array | null {
  if (!fields.has(field) || fields.text(field) === '') return null
  return bocOf(readBoc(NAME, fields.base64(field), field))
}

function readAccount(fields: JsonFields, address: string, nowMs: number): AccountState {
  const status = STATUSES[fields.text('status')]
  if (status === undefined) throw badResponse(NAME, 'unknown account status')
  const active = status === 'active'
  return {
    address,
    status,
    balanceNano: fields.big('balance'),
    code: active ? boc(fields, 'code_boc') : null,
    data: active ? boc(fields, 'data_boc') : null,
    lastTransaction: fields.has('last_transaction_hash')
      ? { lt: fields.big('last_transaction_lt'), hash: fields.hash('last_transaction_hash') }
      : null,
    asOfMs: nowMs,
    trust: [`account state as ${NAME} tells it`]
  }
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
  const endpoint = options.endpoint ?? 'https://toncenter.com/api/v3'
  const http = new HttpClient(NAME, options)
  const headers: Record<string, string> = options.apiKey === undefined ? {} : { 'x-api-key': options.apiKey }
  const get = async (
    path: string,
    query: Readonly<Record<string, string>>,
    signal: AbortSignal | undefined
  ): Promise<JsonFields> => {
    const url = `${endpoint}${path}?${new URLSearchParams(query).toString()}`
    return new JsonFields(NAME, await http.json({ method: 'GET', url, headers, signal }), 'answer')
  }

  return {
    name: NAME,
    async getAccount(address: AddressInput, call: ChainCallOptions = {}): Promise<AccountState> {
      const parsed = coreAddress(address)
      const answer = await get('/accountStates', { address: parsed.toRawString(), include_boc: 'true' }, call.signal)
      const accounts = answer.has('accounts') ? answer.list('accounts', 16) : []
      const own = accounts.find((account) => friendlyFrom(NAME, account.text('address')) === friendly(parsed))
      const nowMs = options.clock.now()
      if (own !== undefined) return readAccount(own, friendly(parsed), nowMs)
      if (accounts.length > 0) throw badResponse(NAME, 'the answer is about another account')
      const trust = [`account state as ${NAME} tells it`]
      return {
        address: friendly(parsed),
        status: 'absent',
        balanceNano: 0n,
        code: null,
        data: null,
        lastTransaction: null,
        asOfMs: nowMs,
        trust
      }
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
      const answer = await get('/transactions', parameters, query.signal)
      return answer.list('transactions', 1000).map(readTransactionFields).slice(0, query.limit)
    },
    async getMasterchainBlock(seqno: number | 'latest', call: ChainCallOptions = {}): Promise<MasterchainBlock> {
      if (seqno === 'latest')
        return readBlock((await get('/masterchainInfo', {}, call.signal)).object('last'), 'root_hash', 'file_hash')
      const answer = await get(
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
      const body = JSON.stringify({ boc: encodeBase64(message) })
      await http.text({
        method: 'POST',
        url: `${endpoint}/message`,
        headers: { ...headers, 'content-type': 'application/json' },
        body,
        signal: call.signal
      })
    }
  }
}
