/**
 * The proxy's signed charge message, as it travels in proxy.signedPayment.
 *
 * Root: u32 op · u64 query_id · address excess · 512-bit signature · ref payload.
 * Payload: u32 op · u64 query_id · u64 tokens (cumulative) · address of the client contract.
 * The signature is Ed25519 over the hash of the payload cell. The excess address is not signed.
 * Source: contracts.md §6 (runners/BaseRunner.cpp:949-966 @b75d444).
 *
 * @module
 */
import { Address, beginCell } from '@ton/core'
import nacl from 'tweetnacl'
import type { TonAddress } from '../../encoding/index.js'

const CHARGE_SIGNED = 0xbb63ff93

/** What is signed, and with what. */
export interface SignedPaymentInput {
  readonly queryId: bigint
  /** Cumulative adjusted tokens. */
  readonly tokens: bigint
  readonly clientContract: TonAddress
  /** Where the change goes. */
  readonly excess: TonAddress
  /** The proxy's Ed25519 seed, 32 bytes. */
  readonly seed: Uint8Array
}

function tonAddress(address: TonAddress): Address {
  return new Address(address.workchain, Buffer.from(address.hash))
}

/** BoC of a signed charge: one root, no index, no checksum. */
export function createSignedPayment(input: SignedPaymentInput): Uint8Array {
  const payload = beginCell()
    .storeUint(CHARGE_SIGNED, 32)
    .storeUint(input.queryId, 64)
    .storeUint(input.tokens, 64)
    .storeAddress(tonAddress(input.clientContract))
    .endCell()
  const signature = nacl.sign.detached(payload.hash(), nacl.sign.keyPair.fromSeed(input.seed).secretKey)
  const root = beginCell()
    .storeUint(CHARGE_SIGNED, 32)
    .storeUint(input.queryId, 64)
    .storeAddress(tonAddress(input.excess))
    .storeBuffer(Buffer.from(signature))
    .storeRef(payload)
    .endCell()
  return new Uint8Array(root.toBoc({ idx: false, crc32: false }))
}
