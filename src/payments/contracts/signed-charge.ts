/**
 * The proxy's signature over a cumulative number of tokens: how it takes money, and all that a client can hold against
 * it. Source: contracts.md §6, payments.md §2.
 *
 * Shape: root `u32 op · u64 query_id · addr excess · 512-bit signature · ref payload`, payload `u32 op · u64 query_id ·
 * u64 tokens · addr client contract`. Ed25519 over the 32-byte hash of the payload cell. The excess address is not
 * signed: whoever submits the charge chooses where the change goes.
 *
 * @module
 */
import { beginCell, type Cell } from '@ton/core'
import nacl from 'tweetnacl'
import { bytesToHex, hexToBytes } from '../../encoding/index.js'
import { CocoonError } from '../../errors.js'
import {
  addressText,
  assertUint,
  cellHashHex,
  cellToBoc,
  contractError,
  isSameAddress,
  parseCell,
  readCell,
  readWhole,
  toAddress,
  toHex256,
  type AddressInput,
  type Bits256Input
} from './cells.js'
import { OP_CHARGE, OP_GRANT_REFUND } from './client-messages.js'
import { loadSignature, storeSignature } from './layout.js'

/** A signed charge, or a signed grant of a refund, as received. */
export interface SignedCharge {
  readonly kind: 'charge' | 'grant'
  readonly queryId: bigint
  /** Cumulative adjusted tokens of the client at the proxy contract. */
  readonly tokens: bigint
  /** The client contract that the signature is for. */
  readonly target: string
  /** Where the sender of this copy wants the change; `null` for none. Not covered by the signature. */
  readonly excess: string | null
  /** 64 bytes, hex. */
  readonly signature: string
  /** What is signed: hash of the payload cell, hex. */
  readonly payloadHash: string
}

function kindOf(op: number): SignedCharge['kind'] {
  if (op === OP_CHARGE) return 'charge'
  if (op === OP_GRANT_REFUND) return 'grant'
  throw contractError('not a signed charge')
}

/**
 * Reads a signed charge. Says nothing about its signature; see {@link verifySignedCharge}.
 *
 * @throws CocoonError `ERR_CONTRACT_STATE` for other bytes, for extra bits anywhere or extra references in the root, and
 * when header and payload disagree (the contract refuses those with exit code 1005). Extra references of the payload
 * pass, as they do in the reference: the signature covers them.
 */
export function parseSignedCharge(boc: Uint8Array): SignedCharge {
  return readWhole(parseCell(boc, 'signed charge'), 'signed charge', (slice) => {
    const op = slice.loadUint(32)
    const kind = kindOf(op)
    const queryId = slice.loadUintBig(64)
    const excess = slice.loadMaybeAddress()
    const signature = loadSignature(slice)
    const payload = slice.loadRef()
    const inner = readCell(payload, 'signed charge payload', (inside) => {
      const header = { op: inside.loadUint(32), queryId: inside.loadUintBig(64) }
      const body = { tokens: inside.loadUintBig(64), target: addressText(inside.loadAddress()) }
      if (inside.remainingBits !== 0) throw contractError('signed charge payload has extra data')
      if (header.op !== op || header.queryId !== queryId)
        throw contractError('signed charge: header and payload differ')
      return body
    })
    return {
      kind,
      queryId,
      ...inner,
      excess: excess === null ? null : addressText(excess),
      signature,
      payloadHash: cellHashHex(payload)
    }
  })
}

/** What a signed charge is checked against. */
export interface SignedChargeExpectation {
  /** The proxy's key, 32 bytes. */
  readonly proxyPublicKey: Bits256Input
  /** Our client contract. */
  readonly clientContract: AddressInput
}

function refuse(message: string): never {
  throw new CocoonError('ERR_SIGNATURE', message, { phase: 'channel' })
}

/**
 * Parses and verifies a charge that a proxy sent: operation, query id, target by workchain and hash, signature.
 *
 * @throws CocoonError `ERR_CONTRACT_STATE` when it does not parse; `ERR_SIGNATURE` when it is a grant (never sent to
 * clients), is for another contract, or is not signed by the proxy's key.
 */
export function verifySignedCharge(boc: Uint8Array, expected: SignedChargeExpectation): SignedCharge {
  const charge = parseSignedCharge(boc)
  if (charge.kind !== 'charge') refuse('the proxy sent a grant where a charge is due')
  if (!isSameAddress(charge.target, expected.clientContract)) refuse('the signed charge is for another client contract')
  if (!isSignatureValid(charge, expected.proxyPublicKey)) refuse('the signature of the charge is not by the proxy key')
  return charge
}

/** Whether the signature is by this key; looks at nothing else. @throws CocoonError `ERR_ENCODING` for a malformed key. */
export function isSignatureValid(
  charge: Pick<SignedCharge, 'payloadHash' | 'signature'>,
  proxyPublicKey: Bits256Input
): boolean {
  const key = hexToBytes(toHex256(proxyPublicKey, 'proxyPublicKey'))
  return nacl.sign.detached.verify(hexToBytes(charge.payloadHash), hexToBytes(charge.signature), key)
}

function buildPayload(op: number, queryId: bigint, tokens: bigint, target: AddressInput): Cell {
  return beginCell()
    .storeUint(op, 32)
    .storeUint(assertUint(queryId, 64, 'queryId'), 64)
    .storeUint(assertUint(tokens, 64, 'tokens'), 64)
    .storeAddress(toAddress(target, 'target'))
    .endCell()
}

function buildOuter(op: number, queryId: bigint, excess: AddressInput, signature: string, payload: Cell): Uint8Array {
  const builder = beginCell().storeUint(op, 32).storeUint(queryId, 64).storeAddress(toAddress(excess, 'excess'))
  return cellToBoc(storeSignature(builder, signature, 'signature').storeRef(payload).endCell())
}

/**
 * The same charge with our own address for the change: what a client submits, so that the change of the value it attaches
 * comes back to it.
 *
 * @throws CocoonError `ERR_CONTRACT_STATE` | `ERR_ENCODING`.
 */
export function repackSignedCharge(boc: Uint8Array, excess: AddressInput): Uint8Array {
  const charge = parseSignedCharge(boc)
  const payload = parseCell(boc, 'signed charge').refs[0]
  if (payload === undefined) throw contractError('signed charge lacks its payload')
  return buildOuter(
    charge.kind === 'charge' ? OP_CHARGE : OP_GRANT_REFUND,
    charge.queryId,
    excess,
    charge.signature,
    payload
  )
}

/** What the proxy's part of a local network signs. */
export interface SignChargeOptions {
  readonly kind: 'charge' | 'grant'
  readonly queryId: bigint
  readonly tokens: bigint
  readonly target: AddressInput
  readonly excess: AddressInput
  /** Ed25519 seed of the proxy, 32 bytes. */
  readonly seed: Uint8Array
}

/** Signs a charge or a grant as a proxy does. @throws CocoonError `ERR_OPTIONS` | `ERR_ENCODING`. */
export function signCharge(options: SignChargeOptions): Uint8Array {
  if (options.seed.length !== 32)
    throw new CocoonError('ERR_OPTIONS', 'seed must be 32 bytes', { phase: 'options', field: 'seed' })
  const op = options.kind === 'charge' ? OP_CHARGE : OP_GRANT_REFUND
  const payload = buildPayload(op, options.queryId, options.tokens, options.target)
  const { secretKey } = nacl.sign.keyPair.fromSeed(options.seed)
  const signature = bytesToHex(nacl.sign.detached(hexToBytes(cellHashHex(payload)), secretKey))
  return buildOuter(op, options.queryId, options.excess, signature, payload)
}
