/**
 * The wallet of a devnet proxy: the network's own wallet contract (payments.md §4), which the proxy owns, and which owns the
 * proxy contract.
 *
 * @module
 */
import { Address, beginCell, Cell } from '@ton/core'
import nacl from 'tweetnacl'
import type { LocalChain } from './local-chain.js'

/** What the wallet sends. */
export interface WalletOutput {
  readonly to: string
  readonly valueNano: bigint
  /** Bag of cells. */
  readonly body?: Uint8Array | undefined
  /** Bag of cells; deploys the receiver. */
  readonly stateInit?: Uint8Array | undefined
}

const VALID_SECONDS = 3600

function fromBoc(boc: Uint8Array): Cell {
  return Cell.fromBoc(Buffer.from(boc))[0] ?? Cell.EMPTY
}

/** A wallet with a key. */
export class ProxyWallet {
  readonly address: string
  /** StateInit, bag of cells. */
  readonly stateInit: Uint8Array
  readonly #chain: LocalChain
  readonly #secretKey: Uint8Array
  #seqno = 0
  #tail: Promise<void> = Promise.resolve()

  /** @param seed - Ed25519 seed, 32 bytes. @param owner - Who may command the wallet from inside. */
  constructor(chain: LocalChain, seed: Uint8Array, owner: string, code: Cell) {
    const { publicKey, secretKey } = nacl.sign.keyPair.fromSeed(seed)
    this.#chain = chain
    this.#secretKey = secretKey
    const data = beginCell()
      .storeUint(0, 64)
      .storeBuffer(Buffer.from(publicKey))
      .storeUint(0, 32)
      .storeAddress(Address.parse(owner))
      .endCell()
    const init = beginCell().storeUint(0b00110, 5).storeRef(code).storeRef(data).endCell()
    this.stateInit = new Uint8Array(init.toBoc())
    this.address = new Address(0, init.hash()).toString()
  }

  /** Sends one message; those of one wallet go out one after another. @throws CocoonError `ERR_CHAIN_RESPONSE`. */
  send(output: WalletOutput): Promise<void> {
    const result = this.#tail.then(() => this.#send(output))
    this.#tail = result.catch(() => undefined)
    return result
  }

  async #send(output: WalletOutput): Promise<void> {
    const { stateInit, body } = output
    const inner = beginCell()
      .storeUint(stateInit === undefined ? 0x18 : 0x10, 6)
      .storeAddress(Address.parse(output.to))
      .storeCoins(output.valueNano)
      .storeUint(0, 105)
    if (stateInit === undefined) inner.storeBit(false)
    else inner.storeUint(0b11, 2).storeRef(fromBoc(stateInit))
    inner.storeMaybeRef(body === undefined ? null : fromBoc(body))
    const request = beginCell()
      .storeUint(0, 32)
      .storeUint(this.#chain.nowUnix + VALID_SECONDS, 32)
      .storeUint(this.#seqno, 32)
      .storeUint(1, 8)
      .storeRef(inner.endCell())
      .endCell()
    const signature = nacl.sign.detached(new Uint8Array(request.hash()), this.#secretKey)
    const signed = beginCell().storeBuffer(Buffer.from(signature)).storeSlice(request.beginParse()).endCell()
    const external = beginCell()
      .storeUint(0b1000, 4)
      .storeAddress(Address.parse(this.address))
      .storeCoins(0)
      .storeBit(false)
      .storeBit(true)
      .storeRef(signed)
      .endCell()
    this.#seqno++
    try {
      await this.#chain.sendExternal(new Uint8Array(external.toBoc()))
    } catch (error) {
      this.#seqno--
      throw error
    }
  }
}
