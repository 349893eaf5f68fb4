/**
 * The two steps with which a proxy closes its contract by signature. A client only meets their result (a contract in
 * phase `closed` pays forced closes in full); a local network acts them. Source: contracts.md §10, payments.md §3.
 *
 * Shape: `u32 op · u64 query_id · addr excess · 512-bit signature · ref{u32 op · u64 query_id · addr self}`.
 *
 * @module
 */
import { beginCell } from '@ton/core'
import nacl from 'tweetnacl'
import { bytesToHex } from '../../encoding/index.js'
import { CocoonError } from '../../errors.js'
import { assertUint, cellToBoc, toAddress, type AddressInput } from './cells.js'
import { storeSignature } from './layout.js'

const OPS = { close: 0x636a4391, complete: 0xe511abc7 } as const

/** One step of a proxy's own close. */
export interface SignProxyCloseOptions {
  /** `close`: open → closing; `complete`: closing → closed. The contract enforces no delay between them. */
  readonly step: 'close' | 'complete'
  readonly queryId: bigint
  /** The proxy contract itself. */
  readonly target: AddressInput
  readonly excess: AddressInput
  /** Ed25519 seed of the proxy, 32 bytes. */
  readonly seed: Uint8Array
}

/** Signs a step as a proxy does. @throws CocoonError `ERR_OPTIONS` | `ERR_ENCODING`. */
export function signProxyClose(options: SignProxyCloseOptions): Uint8Array {
  if (options.seed.length !== 32)
    throw new CocoonError('ERR_OPTIONS', 'seed must be 32 bytes', { phase: 'options', field: 'seed' })
  const queryId = assertUint(options.queryId, 64, 'queryId')
  const op = OPS[options.step]
  const payload = beginCell()
    .storeUint(op, 32)
    .storeUint(queryId, 64)
    .storeAddress(toAddress(options.target, 'target'))
    .endCell()
  const { secretKey } = nacl.sign.keyPair.fromSeed(options.seed)
  const signature = bytesToHex(nacl.sign.detached(new Uint8Array(payload.hash()), secretKey))
  const builder = beginCell().storeUint(op, 32).storeUint(queryId, 64).storeAddress(toAddress(options.excess, 'excess'))
  return cellToBoc(storeSignature(builder, signature, 'signature').storeRef(payload).endCell())
}
