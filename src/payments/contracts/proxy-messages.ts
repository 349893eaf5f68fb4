/**
 * Messages that a proxy contract takes and the ones that leave client and proxy contracts. A client needs them to read
 * what happened on chain, a local network to act the other part. Source: payments.md §2 end, §3; contracts.md §5.
 *
 * @module
 */
import { beginCell, type Cell } from '@ton/core'
import {
  addressText,
  cellToBoc,
  contractError,
  loadHex256,
  parseCell,
  readWhole,
  storeHex256,
  toAddress,
  toHex256,
  type AddressInput
} from './cells.js'
import { buildBody, parseBody, type MessageOf } from './layout.js'

/** Messages to a proxy contract whose fields are flat. */
export const PROXY_MESSAGES: {
  readonly 'increase-proxy-stake': {
    readonly op: 0x9713f187
    readonly fields: { readonly amountNano: 'coins'; readonly excess: 'address' }
  }
  readonly 'proxy-payout': { readonly op: 0x7610e6eb; readonly fields: { readonly excess: 'address' } }
  readonly 'proxy-owner-close': { readonly op: 0xb51d5a01; readonly fields: { readonly excess: 'address' } }
} = {
  'increase-proxy-stake': { op: 0x9713f187, fields: { amountNano: 'coins', excess: 'address' } },
  'proxy-payout': { op: 0x7610e6eb, fields: { excess: 'address' } },
  'proxy-owner-close': { op: 0xb51d5a01, fields: { excess: 'address' } }
}

/** A message to a proxy contract. */
export type ProxyMessage = MessageOf<typeof PROXY_MESSAGES>

/** What contracts send to wallets: `payout` carries money to the owner, `excesses` returns the change. */
export const WALLET_NOTES: {
  readonly payout: { readonly op: 0xc59a7cd3; readonly fields: Record<never, never> }
  readonly excesses: { readonly op: 0x2565934c; readonly fields: Record<never, never> }
} = {
  payout: { op: 0xc59a7cd3, fields: {} },
  excesses: { op: 0x2565934c, fields: {} }
}

/** A message from a client or proxy contract to a wallet. */
export type WalletNote = MessageOf<typeof WALLET_NOTES>

/** Operation code of the message that a client contract sends to its proxy contract. */
export const OP_CLIENT_PROXY_REQUEST = 0x65448ff4

/** What a client contract asks its proxy contract for. */
export type ClientRequestPayload =
  | { readonly type: 'top-up'; readonly amountNano: bigint; readonly excess: string | null }
  | { readonly type: 'register'; readonly nonce: bigint }
  | { readonly type: 'refund-granted'; readonly amountNano: bigint; readonly excess: string | null }
  | { readonly type: 'refund-forced'; readonly amountNano: bigint; readonly excess: string | null }

/** The client contract's own state as it tells the proxy contract. */
export interface ClientSnapshot {
  readonly state: number
  readonly balanceNano: bigint
  readonly stakeNano: bigint
  readonly tokensUsed: bigint
  readonly secretHash: string
}

/** A message from a client contract to its proxy contract. */
export interface ClientProxyRequest {
  readonly queryId: bigint
  readonly owner: string
  readonly client: ClientSnapshot
  /** `null` for messages that only notify. */
  readonly payload: ClientRequestPayload | null
}

const PAYLOAD_OPS = {
  'top-up': 0x5cfc6b87,
  register: 0xa35cb580,
  'refund-granted': 0xc68ebc7b,
  'refund-forced': 0xf4c354c9
} as const

function parsePayload(cell: Cell): ClientRequestPayload {
  return readWhole(cell, 'client request payload', (slice) => {
    const op = slice.loadUint(32)
    if (op === PAYLOAD_OPS.register) return { type: 'register', nonce: slice.loadUintBig(64) }
    const type = (['top-up', 'refund-granted', 'refund-forced'] as const).find((name) => PAYLOAD_OPS[name] === op)
    if (type === undefined) throw contractError('client request payload is of an unknown kind')
    const amountNano = slice.loadCoins()
    const excess = slice.loadMaybeAddress()
    return { type, amountNano, excess: excess === null ? null : addressText(excess) }
  })
}

function parseSnapshot(cell: Cell): ClientSnapshot {
  return readWhole(cell, 'client snapshot', (slice) => ({
    state: slice.loadUint(2),
    balanceNano: slice.loadCoins(),
    stakeNano: slice.loadCoins(),
    tokensUsed: slice.loadUintBig(64),
    secretHash: loadHex256(slice)
  }))
}

/** Reads a `client_proxy_request` body. @throws CocoonError `ERR_CONTRACT_STATE`. */
export function decodeClientProxyRequest(body: Uint8Array): ClientProxyRequest {
  return readWhole(parseCell(body, 'message body'), 'client proxy request', (slice) => {
    if (slice.loadUint(32) !== OP_CLIENT_PROXY_REQUEST) throw contractError('not a client proxy request')
    const queryId = slice.loadUintBig(64)
    const owner = addressText(slice.loadAddress())
    const client = parseSnapshot(slice.loadRef())
    const payload = slice.loadMaybeRef()
    return { queryId, owner, client, payload: payload === null ? null : parsePayload(payload) }
  })
}

function buildPayload(payload: ClientRequestPayload): Cell {
  const builder = beginCell().storeUint(PAYLOAD_OPS[payload.type], 32)
  if (payload.type === 'register') return builder.storeUint(payload.nonce, 64).endCell()
  const excess = payload.excess === null ? null : toAddress(payload.excess, 'excess')
  return builder.storeCoins(payload.amountNano).storeAddress(excess).endCell()
}

/** Builds a `client_proxy_request` body; a local network's contracts and tests need it. @throws CocoonError `ERR_ENCODING`. */
export function encodeClientProxyRequest(
  request: Omit<ClientProxyRequest, 'owner'> & { readonly owner: AddressInput }
): Uint8Array {
  const { client } = request
  const snapshot = beginCell().storeUint(client.state, 2).storeCoins(client.balanceNano).storeCoins(client.stakeNano)
  storeHex256(snapshot.storeUint(client.tokensUsed, 64), toHex256(client.secretHash, 'secretHash'))
  return cellToBoc(
    beginCell()
      .storeUint(OP_CLIENT_PROXY_REQUEST, 32)
      .storeUint(request.queryId, 64)
      .storeAddress(toAddress(request.owner, 'owner'))
      .storeRef(snapshot.endCell())
      .storeMaybeRef(request.payload === null ? null : buildPayload(request.payload))
      .endCell()
  )
}

/** Body of a message to a proxy contract. @throws CocoonError `ERR_OPTIONS` | `ERR_ENCODING`. */
export function encodeProxyMessage(message: ProxyMessage): Uint8Array {
  return cellToBoc(buildBody(PROXY_MESSAGES, message))
}

/** Reads a body. @throws CocoonError `ERR_CONTRACT_STATE`. */
export function decodeProxyMessage(body: Uint8Array): ProxyMessage {
  const message = parseBody(PROXY_MESSAGES, parseCell(body, 'message body'))
  if (message === null) throw contractError('not a message to a proxy contract')
  return message
}

/** Reads a `payout` or `excesses` body; `null` for anything else. @throws CocoonError `ERR_CONTRACT_STATE`. */
export function decodeWalletNote(body: Uint8Array): WalletNote | null {
  return parseBody(WALLET_NOTES, parseCell(body, 'message body'))
}

/** Body of a `payout` or `excesses` message. */
export function encodeWalletNote(note: WalletNote): Uint8Array {
  return cellToBoc(buildBody(WALLET_NOTES, note))
}

/** Body with which a proxy commits a state of its database: `do_not_process · u64 · proxy_save_state · i32 seqno · u256`. */
export function encodeProxySaveState(state: {
  readonly queryId: bigint
  readonly seqno: number
  readonly hash: string
}): Uint8Array {
  const builder = beginCell().storeUint(0x9a1247c0, 32).storeUint(state.queryId, 64).storeUint(0x53109c0f, 32)
  return cellToBoc(storeHex256(builder.storeInt(state.seqno, 32), toHex256(state.hash, 'hash')).endCell())
}
