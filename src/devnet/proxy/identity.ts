/**
 * Addresses and keys of a devnet. There is no chain behind it: contract addresses are hashes of what they would be derived
 * from, stable for a key and an owner, but not real derivations.
 *
 * @module
 */
import { createHash, randomBytes } from 'node:crypto'
import nacl from 'tweetnacl'
import { concatBytes, encodeUtf8, formatAddress, type TonAddress } from '../../encoding/index.js'

/** Keys and addresses of one proxy. */
export interface ProxyIdentity {
  /** Ed25519 seed that signs payments, 32 bytes. */
  readonly seed: Uint8Array
  readonly publicKey: Uint8Array
  readonly owner: TonAddress
  readonly contract: TonAddress
  /** With a chain: the real derivation of an owner's client contract. */
  readonly clientContract?: ((owner: TonAddress) => TonAddress) | undefined
}

function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(
    createHash('sha256')
      .update(concatBytes(...parts))
      .digest()
  )
}

/** A stable address for a purpose. */
export function devnetAddress(purpose: string, ...material: readonly Uint8Array[]): TonAddress {
  return { workchain: 0, hash: sha256(encodeUtf8(`cocoonkit devnet ${purpose}`), ...material) }
}

/** @param seed - 32 bytes; default random. */
export function createProxyIdentity(
  owner: TonAddress,
  seed: Uint8Array = new Uint8Array(randomBytes(32))
): ProxyIdentity {
  const { publicKey } = nacl.sign.keyPair.fromSeed(seed)
  return { seed, publicKey, owner, contract: devnetAddress('proxy contract', owner.hash, publicKey) }
}

/** The client contract of an owner at a proxy. */
export function clientContractAddress(identity: ProxyIdentity, owner: TonAddress): TonAddress {
  if (identity.clientContract !== undefined) return identity.clientContract(owner)
  return devnetAddress('client contract', identity.contract.hash, owner.hash)
}

/** Non-bounceable, url-safe: the text that the reference prints. */
export function addressText(address: TonAddress, isTest: boolean): string {
  return formatAddress(address, { bounceable: false, testOnly: isTest, urlSafe: true })
}
