/**
 * The people, keys and price lists of the differential runs. Contract addresses are those of the mainnet code, so that
 * the proxy contract's derivation of client addresses is compared too.
 *
 * @module
 */
import { Address, beginCell, type Cell } from '@ton/core'
import nacl from 'tweetnacl'
import { referenceCode } from './reference.js'
import type { Cast } from './random-messages.js'

/** The figures that a price list is varied by. */
export interface PriceVariant {
  readonly structVersion?: number
  readonly price?: bigint
  readonly clientDelaySeconds?: number
  readonly minClientStakeNano?: bigint
}

const TON = 1_000_000_000n

/** A params cell with the given codes. */
export function priceList(
  variant: PriceVariant,
  codes: { readonly worker: Cell | null; readonly client: Cell | null }
): Cell {
  return beginCell()
    .storeUint(variant.structVersion ?? 4, 8)
    .storeUint(17, 32)
    .storeUint(239, 32)
    .storeBit(false)
    .storeCoins(variant.price ?? 20n)
    .storeCoins(19n)
    .storeUint(10_000, 32)
    .storeUint(1000, 32)
    .storeUint(80_000, 32)
    .storeUint(80_000, 32)
    .storeUint(86_400, 32)
    .storeUint(variant.clientDelaySeconds ?? 43_200, 32)
    .storeCoins(15n * TON)
    .storeCoins(variant.minClientStakeNano ?? 15n * TON)
    .storeMaybeRef(null)
    .storeMaybeRef(codes.worker)
    .storeMaybeRef(codes.client)
    .endCell()
}

function account(fill: number): Address {
  return new Address(0, Buffer.alloc(32, fill))
}

function addressOf(code: Cell, data: Cell): Address {
  return new Address(0, beginCell().storeUint(0b00110, 5).storeRef(code).storeRef(data).endCell().hash())
}

/** Price lists beyond the usual one: other versions, free, dear, no delay. */
export const PRICE_VARIANTS: readonly PriceVariant[] = [
  {},
  { structVersion: 3 },
  { structVersion: 5 },
  { structVersion: 0 },
  { price: 0n },
  { price: 1n << 90n },
  { clientDelaySeconds: 0 }
]

/** Makes the cast. */
export function createCast(): Cast {
  const seed = new Uint8Array(32).fill(0x5a)
  const publicKey = BigInt(`0x${Buffer.from(nacl.sign.keyPair.fromSeed(seed).publicKey).toString('hex')}`)
  const worker = referenceCode('worker')
  const client = referenceCode('client')
  const clientParams = PRICE_VARIANTS.map((variant) => priceList(variant, { worker: null, client: null }))
  const proxyParams = PRICE_VARIANTS.map((variant) => priceList(variant, { worker, client }))
  const owner = account(0x11)
  const proxyOwner = account(0x22)
  const root = account(0x33)
  const proxyData = beginCell()
    .storeAddress(proxyOwner)
    .storeUint(publicKey, 256)
    .storeAddress(root)
    .storeUint(0, 2)
    .storeCoins(0)
    .storeCoins(0)
    .storeUint(0, 32)
    .storeRef(proxyParams[0] as Cell)
    .endCell()
  const proxy = addressOf(referenceCode('proxy'), proxyData)
  const parties = beginCell().storeAddress(owner).storeAddress(proxy).storeUint(publicKey, 256).endCell()
  const clientData = beginCell()
    .storeUint(0, 2)
    .storeCoins(0)
    .storeCoins(15n * TON)
    .storeUint(0, 64)
    .storeUint(0, 32)
    .storeUint(0, 256)
    .storeRef(parties)
    .storeRef(clientParams[0] as Cell)
    .endCell()
  return {
    owner,
    proxyOwner,
    root,
    seed,
    publicKey,
    clientParams,
    proxyParams,
    proxy,
    stranger: account(0x44),
    excess: account(0x55),
    client: addressOf(client, clientData)
  }
}
