/**
 * Messages that a client contract takes. Source: payments.md §2, contracts.md §4.
 *
 * `excess` is the address that gets the change; it is never left out, because then the contract keeps the whole value.
 * Operation 29111ceb (top up and reopen) is absent on purpose: the deployed code refuses it.
 *
 * @module
 */
import type { Cell } from '@ton/core'
import { cellToBoc, contractError, parseCell } from './cells.js'
import { buildBody, parseBody, type MessageOf } from './layout.js'

/** Operation code of a signed charge. */
export const OP_CHARGE = 0xbb63ff93
/** Operation code of a signed grant of a refund. */
export const OP_GRANT_REFUND = 0xefd711e1

/** The messages of the owner, and the top-up that anybody may send. */
export const CLIENT_MESSAGES: {
  readonly register: { readonly op: 0xc45f9f3b; readonly fields: { readonly nonce: 'u64'; readonly excess: 'address' } }
  readonly 'top-up': {
    readonly op: 0xf172e6c2
    readonly fields: { readonly amountNano: 'coins'; readonly excess: 'address' }
  }
  readonly 'change-secret-and-top-up': {
    readonly op: 0x8473b408
    readonly fields: { readonly amountNano: 'coins'; readonly secretHash: 'u256'; readonly excess: 'address' }
  }
  readonly 'change-secret': {
    readonly op: 0xa9357034
    readonly fields: { readonly secretHash: 'u256'; readonly excess: 'address' }
  }
  readonly 'increase-stake': {
    readonly op: 0x6a1f6a60
    readonly fields: { readonly newStakeNano: 'coins'; readonly excess: 'address' }
  }
  readonly withdraw: { readonly op: 0xda068e78; readonly fields: { readonly excess: 'address' } }
  readonly 'request-refund': { readonly op: 0xfafa6cc1; readonly fields: { readonly excess: 'address' } }
} = {
  register: { op: 0xc45f9f3b, fields: { nonce: 'u64', excess: 'address' } },
  'top-up': { op: 0xf172e6c2, fields: { amountNano: 'coins', excess: 'address' } },
  'change-secret-and-top-up': {
    op: 0x8473b408,
    fields: { amountNano: 'coins', secretHash: 'u256', excess: 'address' }
  },
  'change-secret': { op: 0xa9357034, fields: { secretHash: 'u256', excess: 'address' } },
  'increase-stake': { op: 0x6a1f6a60, fields: { newStakeNano: 'coins', excess: 'address' } },
  withdraw: { op: 0xda068e78, fields: { excess: 'address' } },
  'request-refund': { op: 0xfafa6cc1, fields: { excess: 'address' } }
}

/**
 * A message to a client contract as a plain object: `type`, `queryId` and its fields.
 *
 * | type | fields | who | states |
 * |---|---|---|---|
 * | `register` | `nonce` | owner | open, closing |
 * | `top-up` | `amountNano` | anyone | open |
 * | `change-secret-and-top-up` | `amountNano`, `secretHash` | owner | open, closing (!) |
 * | `change-secret` | `secretHash` | owner | open, closing |
 * | `increase-stake` | `newStakeNano`, absolute | owner | open, closing |
 * | `withdraw` | | owner | open |
 * | `request-refund` | | owner | open → closing; closing → closed after the delay |
 */
export type ClientMessage = MessageOf<typeof CLIENT_MESSAGES>

/** Name of a message to a client contract. */
export type ClientMessageType = ClientMessage['type']

/** Body cell of a message; for use inside payments/. */
export function buildClientMessage(message: ClientMessage): Cell {
  return buildBody(CLIENT_MESSAGES, message)
}

/**
 * Body of a message as a bag of cells.
 *
 * @throws CocoonError `ERR_OPTIONS` | `ERR_ENCODING` naming the field, e.g. an `excess` of `null`.
 */
export function encodeClientMessage(message: ClientMessage): Uint8Array {
  return cellToBoc(buildClientMessage(message))
}

/**
 * Reads a body.
 *
 * @throws CocoonError `ERR_CONTRACT_STATE` when it is not one of {@link CLIENT_MESSAGES}, short, or has trailing bits.
 */
export function decodeClientMessage(body: Uint8Array): ClientMessage {
  const message = parseBody(CLIENT_MESSAGES, parseCell(body, 'message body'))
  if (message === null) throw contractError('not a message to a client contract')
  return message
}
