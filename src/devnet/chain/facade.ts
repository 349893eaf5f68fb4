/**
 * The chain as toncenter's HTTP APIs show it: v2 (JSON-RPC and GET) and the part of v3 that this library uses. A pure
 * function from a request to JSON; a server and an in-process `fetch` stand on it.
 *
 * v2: getAddressInformation, getTransactions, getMasterchainInfo, lookupBlock, sendBoc, runGetMethod (no arguments).
 * v3: accountStates, transactions, masterchainInfo, blocks, message.
 *
 * @module
 */
import { Address } from '@ton/core'
import { CocoonError } from '../../errors.js'
import type { LocalBlock, LocalChain } from './local-chain.js'
import { accountV2, accountV3, blockV2, blockV3, stackEntry, transactionV2, transactionV3 } from './facade-json.js'

/** An HTTP request without its transport. */
export interface FacadeRequest {
  readonly method: string
  /** Path below the root, e.g. `/api/v2/jsonRPC`. */
  readonly path: string
  readonly query: URLSearchParams
  readonly body: string
}

/** Status and JSON of an answer. */
export interface FacadeAnswer {
  readonly status: number
  readonly json: unknown
}

type Parameters = Readonly<Record<string, unknown>>

class BadRequest extends Error {
  readonly status: number
  constructor(message: string, status = 422) {
    super(message)
    this.status = status
  }
}

function text(parameters: Parameters, name: string): string {
  const value = parameters[name]
  if (typeof value === 'string' && value !== '') return value
  if (typeof value === 'number') return String(value)
  throw new BadRequest(`${name} is missing`)
}

function address(parameters: Parameters, name: string): string {
  try {
    return Address.parse(text(parameters, name)).toString()
  } catch {
    throw new BadRequest(`${name} is not an address`)
  }
}

function limitOf(parameters: Parameters, most: number): number {
  const limit = Number(parameters['limit'] ?? 10)
  if (!Number.isInteger(limit) || limit < 1 || limit > most) throw new BadRequest(`limit must be 1 to ${most}`)
  return limit
}

function boc(parameters: Parameters): Uint8Array {
  const value = text(parameters, 'boc')
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(value)) throw new BadRequest('boc is not base64')
  return new Uint8Array(Buffer.from(value, 'base64'))
}

function block(chain: LocalChain, seqno: number | 'latest'): LocalBlock {
  const found = chain.block(seqno)
  if (found === undefined) throw new BadRequest('block not found', 404)
  return found
}

/** Answers requests about one chain. */
export class Facade {
  readonly #chain: LocalChain

  constructor(chain: LocalChain) {
    this.#chain = chain
  }

  /** Never throws: what is wrong with a request is in the answer. */
  async answer(request: FacadeRequest): Promise<FacadeAnswer> {
    const { path } = request
    if (path.startsWith('/api/v2/')) return this.#answerV2(request, path.slice('/api/v2/'.length))
    if (path.startsWith('/api/v3/')) return this.#answerV3(request, path.slice('/api/v3/'.length))
    return { status: 404, json: { ok: false, error: 'unknown path', code: 404 } }
  }

  async #answerV2(request: FacadeRequest, method: string): Promise<FacadeAnswer> {
    let id: unknown
    try {
      let name = method
      let parameters: Parameters = Object.fromEntries(request.query)
      if (request.method === 'POST') {
        const body = JSON.parse(request.body) as Parameters
        if (method === 'jsonRPC') {
          id = body['id']
          name = text(body, 'method')
          parameters = (body['params'] ?? {}) as Parameters
        } else parameters = body
      }
      const result = await this.#callV2(name, parameters)
      return { status: 200, json: { ok: true, result, ...(id === undefined ? {} : { jsonrpc: '2.0', id }) } }
    } catch (error) {
      const status = statusOf(error)
      return {
        status,
        json: { ok: false, error: messageOf(error), code: status, ...(id === undefined ? {} : { jsonrpc: '2.0', id }) }
      }
    }
  }

  async #callV2(name: string, parameters: Parameters): Promise<unknown> {
    const chain = this.#chain
    switch (name) {
      case 'getAddressInformation':
        return accountV2(await chain.account(address(parameters, 'address')), block(chain, 'latest'), chain.nowUnix)
      case 'getTransactions': {
        // With lt the API begins at that transaction, not after it.
        const beforeLt = parameters['lt'] === undefined ? undefined : BigInt(text(parameters, 'lt')) + 1n
        return chain.transactions(address(parameters, 'address'), limitOf(parameters, 101), beforeLt).map(transactionV2)
      }
      case 'getMasterchainInfo':
        return {
          '@type': 'blocks.masterchainInfo',
          last: blockV2(block(chain, 'latest')),
          state_root_hash: '',
          init: blockV2(block(chain, 1))
        }
      case 'lookupBlock':
        return blockV2(block(chain, Number(text(parameters, 'seqno'))))
      case 'sendBoc':
        await chain.sendExternal(boc(parameters))
        return { '@type': 'ok' }
      case 'runGetMethod': {
        const method = parameters['method']
        const result = await chain.runGetMethod(
          address(parameters, 'address'),
          typeof method === 'number' ? method : text(parameters, 'method')
        )
        return {
          '@type': 'smc.runResult',
          gas_used: Number(result.gasUsed),
          exit_code: result.exitCode,
          stack: result.stack.map(stackEntry)
        }
      }
      default:
        throw new BadRequest(`method ${name.slice(0, 64)} is not served by the devnet`, 404)
    }
  }

  async #answerV3(request: FacadeRequest, path: string): Promise<FacadeAnswer> {
    try {
      const parameters = (
        request.method === 'POST' ? JSON.parse(request.body) : Object.fromEntries(request.query)
      ) as Parameters
      return { status: 200, json: await this.#callV3(path, parameters) }
    } catch (error) {
      return { status: statusOf(error), json: { error: messageOf(error) } }
    }
  }

  async #callV3(path: string, parameters: Parameters): Promise<unknown> {
    const chain = this.#chain
    switch (path) {
      case 'accountStates': {
        const own = address(parameters, 'address')
        return { accounts: [accountV3(own, await chain.account(own))], address_book: {}, metadata: {} }
      }
      case 'transactions': {
        const endLt = parameters['end_lt'] === undefined ? undefined : BigInt(text(parameters, 'end_lt')) + 1n
        const own = address(parameters, 'account')
        return {
          transactions: chain
            .transactions(own, limitOf(parameters, 1000), endLt)
            .map((found) => transactionV3(own, found)),
          address_book: {}
        }
      }
      case 'masterchainInfo':
        return { first: blockV3(block(chain, 1)), last: blockV3(block(chain, 'latest')) }
      case 'blocks': {
        const found = chain.block(Number(text(parameters, 'seqno')))
        return { blocks: found === undefined ? [] : [blockV3(found)] }
      }
      case 'message':
        await chain.sendExternal(boc(parameters))
        return { message_hash: '' }
      default:
        throw new BadRequest('unknown path', 404)
    }
  }
}

function statusOf(error: unknown): number {
  if (error instanceof BadRequest) return error.status
  if (CocoonError.is(error)) return 500
  return error instanceof SyntaxError || error instanceof RangeError || error instanceof TypeError ? 422 : 500
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message.slice(0, 300) : 'failed'
}
