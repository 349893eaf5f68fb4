/**
 * Random sequences in lockstep: a random state, a few random messages on it, then the next state.
 *
 * @module
 */
import { SeededRandom } from '../../../support/seeded-random.js'
import { Dice, randomClient, randomClientMessage, randomProxy, randomProxyMessage } from './random-messages.js'
import { setTwin } from './lockstep.js'
import { TwinNetwork } from './twin-network.js'

const NOW = 1_790_000_000

/** What a run came to. */
export interface RandomRun {
  readonly messages: number
  readonly transactions: number
  /** How often each contract, operation and exit code was met. */
  readonly met: ReadonlyMap<string, number>
  readonly differences: readonly string[]
}

/** Runs `messages` random messages from a seed. */
export async function randomRun(messages: number, seed: number): Promise<RandomRun> {
  const dice = new Dice(new SeededRandom(seed))
  const network = await TwinNetwork.create(NOW, (cast) => ({
    client: randomClient(dice, cast, NOW),
    proxy: randomProxy(dice, cast)
  }))
  const { cast } = network
  const met = new Map<string, number>()
  const differences: string[] = []
  let transactions = 0
  for (let index = 0; index < messages && differences.length < 5; index++) {
    if (dice.chance(20)) setTwin(network.client, randomClient(dice, cast, network.nowUnix), network.nowUnix)
    if (dice.chance(20)) setTwin(network.proxy, randomProxy(dice, cast), network.nowUnix)
    if (dice.chance(10)) network.nowUnix += dice.pick(1, 3600, 43_200, 43_201)
    const slice = network.data('client')?.beginParse()
    slice?.skip(2)
    slice?.loadCoins()
    slice?.loadCoins()
    const message = dice.chance(60)
      ? randomClientMessage(dice, cast, slice?.loadUintBig(64) ?? 0n)
      : randomProxyMessage(dice, cast)
    for (const { to, exit, step } of await network.send(message)) {
      transactions++
      const body = step.reference.transaction?.inMessage?.body.beginParse()
      const operation =
        body !== undefined && body.remainingBits >= 32 ? body.loadUint(32).toString(16).padStart(8, '0') : 'short'
      const kind = `${to} ${operation} ${exit}`
      met.set(kind, (met.get(kind) ?? 0) + 1)
      if (step.differences.length > 0)
        differences.push(`seed ${seed}, message ${index}, ${kind}:\n  ${step.differences.join('\n  ')}`)
    }
  }
  return { messages, transactions, met, differences }
}
