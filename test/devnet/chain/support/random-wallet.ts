/**
 * The network's wallet under both codes: random requests from outside and messages from inside.
 *
 * @module
 */
import { Address, beginCell, type Cell, type Message } from '@ton/core'
import { Blockchain } from '@ton/sandbox'
import nacl from 'tweetnacl'
import { SeededRandom } from '../../../support/seeded-random.js'
import { createTwin, deliver, setTwin, type TwinState } from './lockstep.js'
import { Dice, internalMessage } from './random-messages.js'
import { ourCode, referenceCode } from './reference.js'

const NOW = 1_790_000_000
const TON = 1_000_000_000n
const seed = new Uint8Array(32).fill(0x21)
const key = BigInt(`0x${Buffer.from(nacl.sign.keyPair.fromSeed(seed).publicKey).toString('hex')}`)
const account = (fill: number): Address => new Address(0, Buffer.alloc(32, fill))
const wallet = account(0x77)
const owner = account(0x11)
const stranger = account(0x44)

function randomState(dice: Dice): TwinState {
  const data = beginCell()
    .storeUint(dice.pick(0, 5), 32)
    .storeUint(dice.pick(0, 0, 0, 7), 32)
    .storeUint(key, 256)
    .storeUint(dice.pick(0, 0, 0, 1, 2), 32)
    .storeAddress(owner)
    .endCell()
  return { data, balance: dice.pick(5n, TON, 2n * TON - 1n, 2n * TON, 2n * TON, 3n * TON, 50n * TON) }
}

function outgoing(dice: Dice): Cell {
  return beginCell()
    .storeUint(dice.pick(0x18, 0x10), 6)
    .storeAddress(dice.chance(95) ? stranger : null)
    .storeCoins(dice.pick(1n, TON / 10n, TON, 10n * TON))
    .storeUint(0, 105)
    .storeBit(false)
    .storeBit(true)
    .storeRef(beginCell().storeUint(dice.bits(32), 32).endCell())
    .endCell()
}

function external(dice: Dice): Message {
  const request = beginCell()
    .storeUint(dice.pick(0, 0, 0, 0, 7), 32)
    .storeUint(dice.pick(NOW - 1, NOW, NOW + 1, NOW + 3600, NOW + 3600, NOW + 3600), 32)
    .storeUint(dice.pick(0, 0, 5, 5, 6), 32)
  for (let count = dice.below(5); count > 0; count--)
    request.storeUint(dice.pick(0, 0, 1, 1, 2, 3, 128), 8).storeRef(outgoing(dice))
  if (dice.chance(5)) request.storeUint(1, dice.pick(1, 8))
  const cell = request.endCell()
  const secret = nacl.sign.keyPair.fromSeed(dice.chance(90) ? seed : new Uint8Array(32).fill(1)).secretKey
  const signature = nacl.sign.detached(new Uint8Array(cell.hash()), secret)
  const body = dice.chance(3)
    ? beginCell().storeUint(1, 100).endCell()
    : beginCell().storeBuffer(Buffer.from(signature)).storeSlice(cell.beginParse()).endCell()
  return { info: { type: 'external-in', src: null, dest: wallet, importFee: 0n }, body }
}

function internalBody(dice: Dice): Cell {
  const op = dice.pick(0x2565934c, 0xc59a7cd3, 0x9a1247c0, 0x9c69f376, 0x9c69f376, 0x9c69f376, 0, 0, 0, 0xdeadbeef)
  const body = beginCell()
  if (dice.chance(5)) return dice.pick(body.endCell(), body.storeUint(1, 16).endCell())
  body.storeUint(op, 32)
  if (op === 0) {
    if (dice.chance(95)) body.storeUint(dice.pick(0x77, 0x62, 0x75, 0x78), 8)
    if (dice.chance(10)) body.storeUint(0x77, 8)
  } else {
    body.storeUint(dice.bits(64), 64)
    if (op === 0x9c69f376) body.storeUint(dice.pick(0, 1, 2, 3, 64), 8).storeRef(outgoing(dice))
    if (dice.chance(8)) body.storeBit(true)
  }
  return body.endCell()
}

/** Runs random messages; returns how often each outcome was met, and the differences. */
export async function randomWalletRun(
  messages: number,
  runSeed: number
): Promise<{ met: Map<string, number>; differences: string[] }> {
  const chain = await Blockchain.create({ config: 'slim' })
  chain.now = NOW
  const dice = new Dice(new SeededRandom(runSeed))
  const codes = { name: 'wallet', address: wallet, referenceCode: referenceCode('wallet'), ourCode: ourCode('wallet') }
  const twin = createTwin(chain, codes, randomState(dice))
  const met = new Map<string, number>()
  const differences: string[] = []
  for (let index = 0; index < messages && differences.length < 5; index++) {
    if (dice.chance(50)) setTwin(twin, randomState(dice), NOW)
    const inside = dice.chance(50)
    const message = inside
      ? internalMessage(dice.chance(70) ? owner : stranger, wallet, dice.pick(0n, TON / 10n, TON), internalBody(dice), {
          bounce: dice.chance(80),
          bounced: dice.chance(5)
        })
      : external(dice)
    const { reference, differences: found } = await deliver(twin, message, NOW)
    const { description } = reference.transaction ?? {}
    const exit =
      reference.refused ??
      (description?.type === 'generic' && description.computePhase.type === 'vm'
        ? description.computePhase.exitCode
        : 'skipped')
    const kind = `${inside ? 'internal' : 'external'} ${exit}`
    met.set(kind, (met.get(kind) ?? 0) + 1)
    if (found.length > 0)
      differences.push(
        `seed ${runSeed}, message ${index}, ${kind} ${message.body.toString()}:\n  ${found.join('\n  ')}`
      )
  }
  return { met, differences }
}
