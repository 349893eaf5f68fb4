/**
 * A client and a proxy contract under both codes, with the messages between them delivered until none is left.
 *
 * @module
 */
import type { Address, Cell, Message } from '@ton/core'
import { Blockchain } from '@ton/sandbox'
import { createTwin, dataOf, deliver, setTwin, type Step, type Twin, type TwinState } from './lockstep.js'
import { createCast } from './cast.js'
import type { Cast } from './random-messages.js'
import { ourCode, referenceCode } from './reference.js'

/** One delivered message. */
export interface Delivery {
  readonly to: 'client' | 'proxy'
  readonly exit: number | string
  readonly step: Step
}

function exitOf(step: Step): number | string {
  const { transaction, refused } = step.reference
  if (transaction === null) return refused ?? 'refused'
  const { description } = transaction
  if (description.type !== 'generic') return description.type
  return description.computePhase.type === 'vm' ? description.computePhase.exitCode : description.computePhase.reason
}

/** Client and proxy in lockstep. */
export class TwinNetwork {
  readonly chain: Blockchain
  readonly cast: Cast
  readonly client: Twin
  readonly proxy: Twin

  private constructor(chain: Blockchain, cast: Cast, client: TwinState, proxy: TwinState) {
    this.chain = chain
    this.cast = cast
    const codes = (name: 'client' | 'proxy'): Parameters<typeof createTwin>[1] => ({
      name,
      address: cast[name],
      referenceCode: referenceCode(name),
      ourCode: ourCode(name)
    })
    this.client = createTwin(chain, codes('client'), client)
    this.proxy = createTwin(chain, codes('proxy'), proxy)
  }

  static async create(
    nowUnix: number,
    states: (cast: Cast) => { client: TwinState; proxy: TwinState }
  ): Promise<TwinNetwork> {
    const chain = await Blockchain.create({ config: 'slim' })
    chain.now = nowUnix
    const cast = createCast()
    const { client, proxy } = states(cast)
    return new TwinNetwork(chain, cast, client, proxy)
  }

  get nowUnix(): number {
    return this.chain.now ?? 0
  }

  /** Moves time on; nobody pays rent for it, which depends on the size of the code. */
  set nowUnix(value: number) {
    this.chain.now = value
    for (const twin of [this.client, this.proxy]) {
      const data = dataOf(twin.reference)
      if (data !== null) setTwin(twin, { data, balance: twin.reference.balance }, value)
    }
  }

  twinAt(address: Address): Twin | undefined {
    return [this.client, this.proxy].find((twin) => twin.address.equals(address))
  }

  /** Delivers a message and everything that follows from it between the two contracts. */
  async send(message: Message): Promise<readonly Delivery[]> {
    const queue = [message]
    const done: Delivery[] = []
    for (let next = queue.shift(); next !== undefined && done.length < 16; next = queue.shift()) {
      const destination = next.info.type === 'internal' ? next.info.dest : null
      const twin = destination === null ? undefined : this.twinAt(destination)
      if (twin === undefined) continue
      const step = await deliver(twin, next, this.nowUnix)
      done.push({ to: twin.name as 'client' | 'proxy', exit: exitOf(step), step })
      queue.push(...(step.reference.transaction?.outMessages.values() ?? []))
    }
    return done
  }

  /** Data cells as the reference has them. */
  data(name: 'client' | 'proxy'): Cell | null {
    return dataOf(this[name].reference)
  }
}
