/**
 * The faults that hold now, and what they mean for a connection or a request.
 *
 * @module
 */
import { CocoonError } from '../../errors.js'
import type { ClientConnection } from '../proxy/connection.js'
import type { FaultPlan } from '../proxy/settings.js'
import type { FrontRules } from '../server/listener.js'
import type { Upstream } from '../upstream/index.js'
import type { DevnetWorker } from '../worker/index.js'
import { ANSWER_FAULTS } from './answer-faults.js'
import { CONNECTION_FAULTS, FRONT_FAULTS } from './connection-faults.js'
import { UPSTREAM_FAULTS } from './upstream-faults.js'

/** Prefix of model names that ask for a fault. */
export const FAULT_MODEL_PREFIX: string = 'fault/'

/** A fault's name with its number. */
interface NamedFault {
  readonly name: string
  readonly argument: number | undefined
}

/** What a board needs. */
export interface FaultBoardSettings {
  readonly upstream: Upstream
  readonly makeWorker: (model: string, upstream: Upstream) => DevnetWorker
}

const NAMES: ReadonlySet<string> = new Set([
  ...FRONT_FAULTS.keys(),
  ...CONNECTION_FAULTS.keys(),
  ...ANSWER_FAULTS.keys(),
  ...UPSTREAM_FAULTS.keys(),
  'no-pong'
])

/** Splits `cut-after-3` into name and number; `undefined` for an unknown one. */
function parseFault(text: string): NamedFault | undefined {
  if (NAMES.has(text)) return { name: text, argument: undefined }
  const found = /^(.+?)-(\d{1,10})$/.exec(text)
  const name = found?.[1]
  return name !== undefined && NAMES.has(name) ? { name, argument: Number(found?.[2]) } : undefined
}

/** Holds and applies faults. */
export class FaultBoard {
  readonly #settings: FaultBoardSettings
  #standing: readonly NamedFault[] = []

  constructor(settings: FaultBoardSettings) {
    this.#settings = settings
  }

  /** Replaces the standing faults. @throws CocoonError `ERR_OPTIONS`. */
  set(names: readonly string[]): void {
    this.#standing = names.map((text) => {
      const fault = parseFault(text)
      if (fault === undefined) {
        throw new CocoonError('ERR_OPTIONS', `unknown devnet fault ${text.slice(0, 64)}`, {
          phase: 'options',
          field: 'faults'
        })
      }
      return fault
    })
  }

  get ignorePings(): boolean {
    return this.#standing.some((fault) => fault.name === 'no-pong')
  }

  /** What the front of a new connection does. */
  frontRules(difficultyBits: number): FrontRules {
    let rules: FrontRules = {
      difficultyBits,
      wrongPowMagic: false,
      rejectCertificate: false,
      silent: false,
      closeOnAccept: false,
      garbageInsteadOfTls: false
    }
    for (const { name, argument } of this.#standing) rules = { ...rules, ...FRONT_FAULTS.get(name)?.(argument) }
    return rules
  }

  /** Acts on a connection that has just been connected. */
  connected(connection: ClientConnection): void {
    for (const { name, argument } of this.#standing) CONNECTION_FAULTS.get(name)?.(connection, argument)
  }

  #modelFault(model: string): NamedFault | undefined {
    if (!model.startsWith(FAULT_MODEL_PREFIX)) return undefined
    return parseFault(model.slice(FAULT_MODEL_PREFIX.length))
  }

  /** A worker for a model name that asks for a fault. */
  workerFor(model: string): DevnetWorker | undefined {
    return this.#modelFault(model) === undefined ? undefined : this.#settings.makeWorker(model, this.#settings.upstream)
  }

  /** The fault that applies to a request; the model's name goes before standing faults. */
  plan(model: string, worker: DevnetWorker): FaultPlan | undefined {
    const named = this.#modelFault(model)
    const faults = named === undefined ? this.#standing : [named, ...this.#standing]
    const upstreamFault = faults.find(({ name }) => UPSTREAM_FAULTS.has(name))
    const answerFault = faults.find(({ name }) => ANSWER_FAULTS.has(name))
    if (upstreamFault === undefined && answerFault === undefined) return undefined
    const upstream =
      upstreamFault && UPSTREAM_FAULTS.get(upstreamFault.name)?.(upstreamFault.argument, this.#settings.upstream)
    const apply = answerFault && ANSWER_FAULTS.get(answerFault.name)
    return {
      worker: upstream && worker.withUpstream(upstream),
      apply:
        apply && ((steps, scene) => apply.run(steps, { ...scene, argument: answerFault.argument ?? apply.argument }))
    }
  }
}
