/**
 * Random states and messages for the client and proxy contracts: most are almost right, with one or two things wrong.
 *
 * @module
 */
import { type Address, beginCell, type Builder, type Cell, type Message } from '@ton/core'
import nacl from 'tweetnacl'
import type { TwinState } from './lockstep.js'
import type { SeededRandom } from '../../../support/seeded-random.js'

/** Chance and choice. */
export class Dice {
  readonly #random: SeededRandom

  constructor(random: SeededRandom) {
    this.#random = random
  }

  /** 0 … limit − 1. */
  below(limit: number): number {
    const [a = 0, b = 0, c = 0, d = 0] = this.#random.bytes(4)
    return (((a << 24) | (b << 16) | (c << 8) | d) >>> 0) % limit
  }

  chance(percent: number): boolean {
    return this.below(100) < percent
  }

  pick<T>(...choices: readonly T[]): T {
    return choices[this.below(choices.length)] as T
  }

  bits(count: number): bigint {
    let value = 0n
    for (const byte of this.#random.bytes(Math.ceil(count / 8))) value = (value << 8n) | BigInt(byte)
    return value & ((1n << BigInt(count)) - 1n)
  }
}

/** Who takes part. */
export interface Cast {
  readonly owner: Address
  readonly proxyOwner: Address
  readonly stranger: Address
  readonly excess: Address
  readonly client: Address
  readonly proxy: Address
  readonly root: Address
  readonly seed: Uint8Array
  readonly publicKey: bigint
  /** Price lists as client contracts have them. */
  readonly clientParams: readonly Cell[]
  /** The same price lists as proxy contracts have them. */
  readonly proxyParams: readonly Cell[]
}

const TON = 1_000_000_000n

function amount(dice: Dice): bigint {
  return dice.pick(0n, 1n, TON / 10n, TON, 5n * TON, 15n * TON, 20n * TON, dice.bits(34), dice.bits(44), dice.bits(100))
}

function balance(dice: Dice): bigint {
  return dice.pick(0n, 10_000_000n, 90_000_000n, 109_999_999n, 110_000_000n, 800_000_000n, dice.bits(34))
}

/** Initial state of the client contract: data, TON and rent that is owed (less than what freezes an account). */
export function randomClient(dice: Dice, cast: Cast, nowUnix: number): TwinState {
  const fresh = dice.chance(15)
  const parties = beginCell().storeAddress(cast.owner).storeAddress(cast.proxy).storeUint(cast.publicKey, 256).endCell()
  const data = beginCell()
    .storeUint(fresh ? 0 : dice.pick(0, 0, 0, 0, 1, 1, 2, 3), 2)
    .storeCoins(fresh ? 0n : amount(dice))
    .storeCoins(fresh ? 15n * TON : amount(dice))
    .storeUint(fresh ? 0n : dice.pick(0n, 0n, 1000n, dice.bits(40), (1n << 64n) - 1n), 64)
    .storeUint(fresh ? 0 : dice.pick(0, nowUnix - 1, nowUnix, nowUnix + 1, nowUnix + 43_200), 32)
    .storeUint(fresh ? 0n : dice.bits(256), 256)
    .storeRef(parties)
    .storeRef(dice.chance(92) ? (cast.clientParams[0] as Cell) : dice.pick(...cast.clientParams))
    .endCell()
  return { data, balance: balance(dice), due: dice.chance(90) ? 0n : dice.pick(1n, 50_000_000n, dice.bits(26)) }
}

/** Initial state of the proxy contract: data and TON. */
export function randomProxy(dice: Dice, cast: Cast): TwinState {
  const small = (): bigint => dice.pick(0n, 1n, TON, 8n * TON, 15n * TON, dice.bits(34))
  const data = beginCell()
    .storeAddress(cast.proxyOwner)
    .storeUint(cast.publicKey, 256)
    .storeAddress(cast.root)
    .storeUint(dice.pick(0, 0, 0, 1, 1, 2, 3), 2)
    .storeCoins(small())
    .storeCoins(small())
    .storeUint(dice.pick(0, 0, 1_790_000_000), 32)
    .storeRef(dice.chance(92) ? (cast.proxyParams[0] as Cell) : dice.pick(...cast.proxyParams))
    .endCell()
  return {
    data,
    balance: dice.pick(0n, 10_000_000n, 300_000_000n, TON, 20n * TON, 100n * TON, dice.bits(40)),
    due: dice.chance(90) ? 0n : dice.bits(26)
  }
}

function storeExcess(dice: Dice, cast: Cast, builder: Builder): Builder {
  if (dice.chance(94))
    return builder.storeAddress(
      dice.pick(cast.excess, cast.owner, cast.stranger, cast.proxyOwner, cast.proxy, cast.client)
    )
  switch (dice.below(3)) {
    case 0:
      return builder.storeUint(0, 2)
    case 1:
      return builder.storeUint(0b01, 2).storeUint(16, 9).storeUint(0xabcd, 16)
    default:
      return builder.storeUint(0b100, 3).storeInt(dice.pick(-1, 5), 8).storeUint(dice.bits(256), 256)
  }
}

/** Signed body, of a charge or of a close: outer and payload may disagree. */
function storeSigned(
  dice: Dice,
  cast: Cast,
  op: number,
  queryId: bigint,
  tokens: bigint | null,
  own: Address,
  builder: Builder
): void {
  const wrong = dice.chance(25) ? dice.below(6) : -1
  const payload = beginCell()
    .storeUint(wrong === 0 ? dice.pick(0xbb63ff93, 0xefd711e1, 0x636a4391, 0xe511abc7) : op, 32)
    .storeUint(wrong === 1 ? queryId + 1n : queryId, 64)
  if (tokens !== null) payload.storeUint(tokens, 64)
  if (wrong === 2) storeExcess(dice, cast, payload)
  else payload.storeAddress(wrong === 3 ? cast.stranger : own)
  if (wrong === 4) {
    if (dice.chance(50)) payload.storeBit(true)
    else payload.storeRef(beginCell().endCell())
  }
  const seed = wrong === 5 ? new Uint8Array(32).fill(9) : cast.seed
  const cell = dice.chance(2) ? beginCell().storeUint(op, 32).endCell() : payload.endCell()
  const signature = nacl.sign.detached(new Uint8Array(cell.hash()), nacl.sign.keyPair.fromSeed(seed).secretKey)
  storeExcess(dice, cast, builder).storeBuffer(Buffer.from(signature)).storeRef(cell)
}

const CLIENT_OPS = [
  0xc45f9f3b, 0xf172e6c2, 0x8473b408, 0xa9357034, 0x6a1f6a60, 0xda068e78, 0xfafa6cc1, 0xbb63ff93, 0xefd711e1
] as const
const ODD_OPS = [0x9a1247c0, 0x29111ceb, 0xdeadbeef, 0x2565934c, 0xc59a7cd3, 0] as const

function clientBody(dice: Dice, cast: Cast, tokensUsed: bigint, credited: bigint): Builder {
  const op = dice.chance(94) ? dice.pick(...CLIENT_OPS) : dice.pick(...ODD_OPS)
  const queryId = dice.bits(64)
  const body = beginCell().storeUint(op, 32).storeUint(queryId, 64)
  const near = [0n, 0n, 1n, 1n, 1000n, 1_000_000n, 10n ** 12n, dice.bits(40), dice.bits(64), -1n]
  const tokens = BigInt.asUintN(64, tokensUsed + dice.pick(...near))
  switch (op) {
    case 0xc45f9f3b:
      return storeExcess(dice, cast, body.storeUint(dice.bits(64), 64))
    case 0xf172e6c2:
      return storeExcess(dice, cast, body.storeCoins(credited))
    case 0x8473b408:
      return storeExcess(dice, cast, body.storeCoins(credited).storeUint(dice.bits(256), 256))
    case 0xa9357034:
      return storeExcess(dice, cast, body.storeUint(dice.bits(256), 256))
    case 0x6a1f6a60:
      return storeExcess(dice, cast, body.storeCoins(amount(dice)))
    case 0xda068e78:
    case 0xfafa6cc1:
      return storeExcess(dice, cast, body)
    case 0xbb63ff93:
    case 0xefd711e1:
      storeSigned(dice, cast, op, queryId, tokens, cast.client, body)
      return body
    default:
      return dice.chance(50) ? body : storeExcess(dice, cast, body)
  }
}

function requestPayload(dice: Dice, cast: Cast, credited: bigint): Cell {
  const op = dice.pick(0x5cfc6b87, 0xa35cb580, 0xc68ebc7b, 0xc68ebc7b, 0xf4c354c9, 0xf4c354c9, 0xdeadbeef)
  const payload = beginCell().storeUint(op, 32)
  if (op === 0xa35cb580) payload.storeUint(dice.bits(64), 64)
  else storeExcess(dice, cast, payload.storeCoins(credited))
  if (dice.chance(5)) payload.storeBit(true)
  return payload.endCell()
}

function proxyBody(dice: Dice, cast: Cast, credited: bigint): Builder {
  const op = dice.pick(
    0x65448ff4,
    0x65448ff4,
    0x65448ff4,
    0x9713f187,
    0x7610e6eb,
    0xb51d5a01,
    0x636a4391,
    0xe511abc7,
    0,
    0x4d725d2c,
    ...(dice.chance(20) ? ODD_OPS : [])
  )
  const queryId = dice.bits(64)
  const body = beginCell().storeUint(op, 32)
  if (op === 0) {
    if (dice.chance(90)) body.storeUint(dice.pick(0x63, 0x77, 0x77, 0x63, 0x78), 8)
    return body
  }
  body.storeUint(queryId, 64)
  switch (op) {
    case 0x4d725d2c: {
      body
        .storeAddress(cast.owner)
        .storeUint(dice.pick(0, 1, 2), 2)
        .storeUint(dice.bits(64), 64)
      return body.storeMaybeRef(dice.chance(50) ? null : requestPayload(dice, cast, credited))
    }
    case 0x65448ff4: {
      const snapshot = beginCell()
        .storeUint(0, 2)
        .storeCoins(credited)
        .storeCoins(15n * TON)
        .storeUint(0, 64)
      body.storeAddress(dice.chance(90) ? cast.owner : cast.stranger).storeRef(snapshot.storeUint(0, 256).endCell())
      return body.storeMaybeRef(dice.chance(10) ? null : requestPayload(dice, cast, credited))
    }
    case 0x9713f187:
      return storeExcess(dice, cast, body.storeCoins(credited))
    case 0x7610e6eb:
    case 0xb51d5a01:
      return storeExcess(dice, cast, body)
    case 0x636a4391:
    case 0xe511abc7:
      storeSigned(dice, cast, op, queryId, null, cast.proxy, body)
      return body
    default:
      return body
  }
}

/** Damages a body: trailing bits or references, or cut short. */
function damage(dice: Dice, body: Builder): Cell {
  if (dice.chance(93)) return body.endCell()
  const whole = body.endCell()
  switch (dice.below(4)) {
    case 0:
      return beginCell().storeSlice(whole.beginParse()).storeBit(true).endCell()
    case 1:
      return whole.refs.length < 4
        ? beginCell().storeSlice(whole.beginParse()).storeRef(beginCell().endCell()).endCell()
        : whole
    case 2: {
      const cut = dice.below(whole.bits.length + 1)
      const builder = beginCell().storeBits(whole.bits.substring(0, cut))
      for (const reference of whole.refs) builder.storeRef(reference)
      return builder.endCell()
    }
    default:
      return dice.pick(
        beginCell().endCell(),
        beginCell().storeRef(beginCell().endCell()).endCell(),
        beginCell().storeUint(7, 16).endCell()
      )
  }
}

/** An internal message. */
export function internalMessage(
  from: Address,
  to: Address,
  value: bigint,
  body: Cell,
  flags: { bounce?: boolean; bounced?: boolean } = {}
): Message {
  return {
    info: {
      type: 'internal',
      ihrDisabled: true,
      bounce: flags.bounce ?? true,
      bounced: flags.bounced ?? false,
      src: from,
      dest: to,
      value: { coins: value },
      ihrFee: 0n,
      forwardFee: 0n,
      createdAt: 0,
      createdLt: 0n
    },
    body
  }
}

function value(dice: Dice, credited: bigint): bigint {
  const spare = dice.pick(
    0n,
    99_999_999n,
    100_000_000n,
    100_000_001n,
    150_000_000n,
    210_000_000n,
    250_000_000n,
    700_000_000n,
    700_000_000n,
    TON
  )
  return spare + (dice.chance(85) ? credited : 0n)
}

/** A message to the client contract. */
export function randomClientMessage(dice: Dice, cast: Cast, tokensUsed: bigint): Message {
  const credited = dice.pick(0n, TON, 5n * TON, 20n * TON, dice.bits(36))
  const from = dice.chance(80) ? cast.owner : dice.pick(cast.stranger, cast.proxy, cast.proxyOwner)
  const body = damage(dice, clientBody(dice, cast, tokensUsed, credited))
  const flags = { bounce: dice.chance(90), bounced: dice.chance(2) }
  return internalMessage(from, cast.client, value(dice, dice.chance(60) ? credited : 0n), body, flags)
}

/** A message to the proxy contract. */
export function randomProxyMessage(dice: Dice, cast: Cast): Message {
  const credited = dice.pick(0n, 1n, TON, 5n * TON, 20n * TON, dice.bits(36))
  const from = dice.pick(
    cast.client,
    cast.client,
    cast.client,
    cast.proxyOwner,
    cast.proxyOwner,
    cast.stranger,
    cast.owner
  )
  const body = damage(dice, proxyBody(dice, cast, credited))
  const flags = { bounce: dice.chance(90), bounced: dice.chance(2) }
  return internalMessage(from, cast.proxy, value(dice, dice.chance(60) ? credited : 0n), body, flags)
}
