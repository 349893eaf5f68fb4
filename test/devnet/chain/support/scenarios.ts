/**
 * The runs of payments.md §7 as data: who sends what, how long afterwards, and the exit code that the sheet's table has for
 * the first transaction.
 *
 * @module
 */
import { beginCell, type Builder, type Cell } from '@ton/core'
import nacl from 'tweetnacl'
import type { Cast } from './random-messages.js'

const TON = 1_000_000_000n
const nano = (text: string): bigint => {
  const [whole = '0', fraction = ''] = text.split('.')
  return BigInt(whole) * TON + BigInt(fraction.padEnd(9, '0'))
}

/** One message of a run. */
export interface ScenarioStep {
  readonly name: string
  readonly from: 'owner' | 'proxyOwner' | 'stranger' | 'client'
  readonly to: 'client' | 'proxy'
  readonly valueNano: bigint
  readonly body: (cast: Cast) => Cell
  /** Exit code of the first transaction. */
  readonly exit: number
  /** Seconds that pass before it. */
  readonly afterSeconds?: number
}

/** A run: both contracts start fresh with this much TON. */
export interface Scenario {
  readonly name: string
  readonly clientTon: string
  readonly proxyTon: string
  readonly steps: readonly ScenarioStep[]
}

type Fields = (builder: Builder, cast: Cast) => Builder

const excess: Fields = (builder, cast) => builder.storeAddress(cast.excess)
const flat =
  (op: number, fields: Fields = (builder) => builder) =>
  (cast: Cast): Cell =>
    excess(fields(beginCell().storeUint(op, 32).storeUint(7n, 64), cast), cast).endCell()

function signed(
  op: number,
  tokens: bigint | null,
  wrong: 'key' | 'target' | 'query' | 'op' | null = null
): (cast: Cast) => Cell {
  return (cast) => {
    const payload = beginCell()
      .storeUint(wrong === 'op' ? 0xefd711e1 : op, 32)
      .storeUint(100n, 64)
    if (tokens !== null) payload.storeUint(tokens, 64)
    const own = tokens === null ? cast.proxy : cast.client
    const cell = payload.storeAddress(wrong === 'target' ? cast.stranger : own).endCell()
    const seed = wrong === 'key' ? new Uint8Array(32).fill(1) : cast.seed
    const signature = nacl.sign.detached(new Uint8Array(cell.hash()), nacl.sign.keyPair.fromSeed(seed).secretKey)
    return excess(
      beginCell()
        .storeUint(op, 32)
        .storeUint(wrong === 'query' ? 10n : 100n, 64),
      cast
    )
      .storeBuffer(Buffer.from(signature))
      .storeRef(cell)
      .endCell()
  }
}

const coins =
  (amount: string): Fields =>
  (builder) =>
    builder.storeCoins(nano(amount))
const raw =
  (build: (builder: Builder, cast: Cast) => Builder) =>
  (cast: Cast): Cell =>
    build(beginCell(), cast).endCell()

const register = flat(0xc45f9f3b, (builder) => builder.storeUint(99n, 64))
const topUp = (amount: string): ((cast: Cast) => Cell) => flat(0xf172e6c2, coins(amount))
const secretTopUp = (amount: string): ((cast: Cast) => Cell) =>
  flat(0x8473b408, (builder, cast) => coins(amount)(builder, cast).storeUint(0x5ec2e7n, 256))
const changeSecret = flat(0xa9357034, (builder) => builder.storeUint(0x5ec2e7n, 256))
const increaseStake = (amount: string): ((cast: Cast) => Cell) => flat(0x6a1f6a60, coins(amount))
const withdraw = flat(0xda068e78)
const refund = flat(0xfafa6cc1)
const charge = (tokens: bigint): ((cast: Cast) => Cell) => signed(0xbb63ff93, tokens)
const grant = (tokens: bigint): ((cast: Cast) => Cell) => signed(0xefd711e1, tokens)
const proxyStake = (amount: string): ((cast: Cast) => Cell) => flat(0x9713f187, coins(amount))
const nothing = raw((builder) => builder)

type Line = readonly [
  name: string,
  from: ScenarioStep['from'],
  to: ScenarioStep['to'],
  value: string,
  body: ScenarioStep['body'],
  exit: number,
  after?: number
]

function scenario(name: string, clientTon: string, proxyTon: string, lines: readonly Line[]): Scenario {
  const steps = lines.map(([title, from, to, value, body, exit, afterSeconds = 0]) => ({
    name: title,
    from,
    to,
    valueNano: nano(value),
    body,
    exit,
    afterSeconds
  }))
  return { name, clientTon, proxyTon, steps }
}

const DELAY = 43_200
const open: Line = ['top-up 20', 'owner', 'client', '20.7', topUp('20'), 0]

/** The runs. */
export const SCENARIOS: readonly Scenario[] = [
  scenario('everything that a client contract refuses', '0.7997612', '0.2997404', [
    open,
    ['register, not the owner', 'stranger', 'client', '1', register, 1010],
    ['secret, not the owner', 'stranger', 'client', '1', changeSecret, 1010],
    ['secret and top-up, not the owner', 'stranger', 'client', '6', secretTopUp('5'), 1010],
    ['stake, not the owner', 'stranger', 'client', '1', increaseStake('20'), 1010],
    ['withdraw, not the owner', 'stranger', 'client', '1', withdraw, 1009],
    ['refund, not the owner', 'stranger', 'client', '1', refund, 1009],
    ['register with 0.0999', 'owner', 'client', '0.0999', register, 1003],
    ['top-up 5 with 5.0999', 'owner', 'client', '5.0999', topUp('5'), 1003],
    ['top-up of nothing', 'owner', 'client', '0.1', topUp('0'), 0],
    ['secret with 0.0999', 'owner', 'client', '0.0999', changeSecret, 1003],
    ['equal stake', 'owner', 'client', '1', increaseStake('15'), 1003],
    ['lower stake', 'owner', 'client', '1', increaseStake('14'), 1003],
    ['stake without the amount', 'owner', 'client', '1', flat(0x6a1f6a60), 9],
    ['top up and reopen', 'owner', 'client', '6', flat(0x29111ceb, coins('5')), 1012],
    ['unknown operation', 'owner', 'client', '1', flat(0xdeadbeef), 1012],
    ['text', 'stranger', 'client', '1', raw((b) => b.storeUint(0, 32).storeStringTail('hello')), 9],
    ['plain transfer', 'stranger', 'client', '1', nothing, 0],
    ['16 bits', 'stranger', 'client', '1', raw((b) => b.storeUint(7, 16)), 9],
    ['do not process', 'stranger', 'client', '1', raw((b) => b.storeUint(0x9a1247c0, 32).storeUint(1, 64)), 0],
    [
      'trailing bit',
      'owner',
      'client',
      '1',
      (cast) => beginCell().storeSlice(register(cast).beginParse()).storeBit(true).endCell(),
      9
    ],
    [
      'no address for the change',
      'owner',
      'client',
      '1',
      raw((b) => b.storeUint(0xc45f9f3b, 32).storeUint(7, 64).storeUint(9, 64).storeUint(0, 2)),
      0
    ],
    ['charge, bad signature', 'stranger', 'client', '0.7', signed(0xbb63ff93, 1000n, 'key'), 1007],
    ['charge, other target', 'stranger', 'client', '0.7', signed(0xbb63ff93, 1000n, 'target'), 1015],
    ['charge, other query id outside', 'stranger', 'client', '0.7', signed(0xbb63ff93, 1000n, 'query'), 1005],
    ['charge, payload of a grant', 'stranger', 'client', '0.7', signed(0xbb63ff93, 1000n, 'op'), 1005],
    ['charge with 0.0999', 'stranger', 'client', '0.0999', charge(1000n), 1003],
    ['charge of nothing', 'stranger', 'client', '0.7', charge(0n), 1000],
    ['charge', 'stranger', 'client', '0.7', charge(1000n), 0],
    ['charge again', 'stranger', 'client', '0.7', charge(1000n), 1000],
    ['lower charge', 'stranger', 'client', '0.7', charge(999n), 1000],
    ['lower grant', 'stranger', 'client', '0.7', grant(999n), 1000],
    ['charge beyond the balance', 'stranger', 'client', '0.7', charge(10n ** 12n), 0],
    ['one more token', 'stranger', 'client', '0.7', charge(10n ** 12n + 1n), 0],
    ['most tokens', 'stranger', 'client', '0.7', charge((1n << 64n) - 1n), 0],
    ['withdraw below the stake', 'owner', 'client', '0.7', withdraw, 1001]
  ]),
  scenario('who may say what to a proxy contract', '0.7997612', '0.2997404', [
    open,
    [
      'forged refund',
      'stranger',
      'proxy',
      '1',
      raw((b, cast) =>
        b
          .storeUint(0x65448ff4, 32)
          .storeUint(1, 64)
          .storeAddress(cast.owner)
          .storeRef(beginCell().storeUint(0, 2).endCell())
          .storeMaybeRef(beginCell().storeUint(0xc68ebc7b, 32).storeCoins(TON).storeAddress(cast.stranger).endCell())
      ),
      1014
    ],
    [
      'forged, without a wish',
      'stranger',
      'proxy',
      '1',
      raw((b, cast) =>
        b
          .storeUint(0x65448ff4, 32)
          .storeUint(1, 64)
          .storeAddress(cast.owner)
          .storeRef(beginCell().storeUint(0, 2).endCell())
          .storeMaybeRef(null)
      ),
      0
    ],
    [
      'a wish of no known kind, and too long',
      'client',
      'proxy',
      '1',
      raw((b, cast) =>
        b
          .storeUint(0x65448ff4, 32)
          .storeUint(1, 64)
          .storeAddress(cast.owner)
          .storeRef(beginCell().storeUint(0, 2).endCell())
          .storeMaybeRef(
            beginCell().storeUint(0xdeadbeef, 32).storeCoins(TON).storeAddress(cast.excess).storeBit(true).endCell()
          )
      ),
      1012
    ],
    ['payout', 'stranger', 'proxy', '0.7', flat(0x7610e6eb), 0],
    ['stake', 'stranger', 'proxy', '5.7', proxyStake('5'), 0],
    ['close, not the owner', 'stranger', 'proxy', '0.7', flat(0xb51d5a01), 1010],
    [
      'state commit',
      'stranger',
      'proxy',
      '0.01',
      raw((b) =>
        b.storeUint(0x9a1247c0, 32).storeUint(1, 64).storeUint(0x53109c0f, 32).storeInt(5, 32).storeUint(1n, 256)
      ),
      0
    ],
    ['plain transfer', 'stranger', 'proxy', '1', nothing, 0]
  ]),
  ...(['0', '8', '15'] as const).map((stake) =>
    scenario(`forced close with proxy stake ${stake}`, '0.7997612', '0.2997404', [
      open,
      ...(stake === '0' ? [] : [['proxy stake', 'stranger', 'proxy', `${stake}.7`, proxyStake(stake), 0] as Line]),
      ['request refund', 'owner', 'client', '0.7', refund, 0],
      ['top-up while closing', 'owner', 'client', '5.7', topUp('5'), 1006],
      ['secret and top-up while closing', 'owner', 'client', '5.7', secretTopUp('5'), 0],
      ['withdraw while closing', 'owner', 'client', '0.7', withdraw, 1006],
      ['charge while closing', 'stranger', 'client', '0.7', charge(1000n), 0],
      ['too early', 'owner', 'client', '0.7', refund, 1011],
      ['at the very second', 'owner', 'client', '0.7', refund, 1011, DELAY],
      ['forced', 'owner', 'client', '0.7', refund, 0, 1],
      ['grant afterwards', 'stranger', 'client', '0.7', grant(1000n), 1006],
      ['refund afterwards', 'owner', 'client', '0.7', refund, 1006],
      ['top-up afterwards', 'owner', 'client', '5.7', topUp('5'), 1006],
      ['register afterwards', 'owner', 'client', '0.7', register, 1006]
    ])
  ),
  scenario('grant, and grant again', '0.7997612', '0.2997404', [
    open,
    ['grant', 'stranger', 'client', '0.7', grant(1000n), 0],
    ['grant again', 'stranger', 'client', '0.7', grant(1000n), 1006],
    ['secret and top-up after the end', 'owner', 'client', '5.7', secretTopUp('5'), 1006]
  ]),
  scenario('a proxy contract that closes', '0.7997612', '0.2997404', [
    open,
    ['owner closes', 'proxyOwner', 'proxy', '0.7', flat(0xb51d5a01), 0],
    ['top-up meanwhile', 'owner', 'client', '5.7', topUp('5'), 0],
    ['complete without delay', 'stranger', 'proxy', '0.7', signed(0xe511abc7, null), 0],
    ['complete again', 'stranger', 'proxy', '0.7', signed(0xe511abc7, null), 1006],
    ['top-up after the end', 'owner', 'client', '5.7', topUp('5'), 0, 1000],
    ['withdraw', 'owner', 'client', '0.7', withdraw, 0],
    ['request refund', 'owner', 'client', '0.7', refund, 0],
    ['forced: everything is paid', 'owner', 'client', '0.7', refund, 0, DELAY + 1]
  ]),
  scenario('a proxy contract that lacks TON', '21.494472', '0.2997404', [
    ['top-up that nobody backs', 'owner', 'client', '20.7', topUp('20'), 0],
    ['charge', 'stranger', 'client', '0.7', charge(10n ** 6n), 0],
    ['forced stake', 'owner', 'client', '1', increaseStake('100'), 0],
    ['grant', 'stranger', 'client', '0.7', grant(10n ** 6n), 0]
  ]),
  scenario('little TON', '0.0197612', '0.2997404', [
    ['register 0.1', 'owner', 'client', '0.1', register, 1001],
    ['register 0.15', 'owner', 'client', '0.15', register, 1001],
    ['register 0.19', 'owner', 'client', '0.19', register, 1001],
    ['register 0.195', 'owner', 'client', '0.195', register, 0],
    ['register 0.2', 'owner', 'client', '0.2', register, 0],
    ['register 0.21', 'owner', 'client', '0.21', register, 0],
    ['register 0.25', 'owner', 'client', '0.25', register, 0]
  ]),
  scenario('a small deposit', '0.11', '0.2997404', [
    ['secret and top-up 1', 'owner', 'client', '1.25', secretTopUp('1'), 0],
    ['charge 10M tokens', 'stranger', 'client', '0.2', charge(10_000_000n), 0],
    ['withdraw', 'owner', 'client', '0.2', withdraw, 1001],
    ['grant', 'stranger', 'client', '0.2', grant(10_000_000n), 0],
    ['register after the end', 'owner', 'client', '0.5', register, 1006]
  ])
]
