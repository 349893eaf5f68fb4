/**
 * `cocoonkit models`: the live market as the connected proxy states it.
 *
 * @module
 */
import type { WorkerInstance, WorkerType } from '../../index.js'
import type { Command } from '../command.js'
import { flagOf } from '../command.js'
import { CONNECTION_OPTIONS, openClient } from '../connection.js'
import { EXIT } from '../exit-codes.js'
import type { NetworkPrices } from '../networks.js'
import { formatTable, formatTon, printable, printJson } from '../print.js'
import { createProgress } from '../progress.js'

/** Nanotons per million raw tokens, by class. */
interface MillionPrices {
  readonly prompt: bigint
  readonly cached: bigint
  readonly completion: bigint
  readonly reasoning: bigint
}

/** One line of the market. */
interface ModelRow {
  readonly model: string
  readonly workers: readonly WorkerInstance[]
  readonly activeRequests: number
  readonly maxActiveRequests: number
  /** 1/1000; absent without workers. */
  readonly lowestCoefficient?: number
  readonly highestCoefficient?: number
  /** At the lowest coefficient; absent when the network description gives no prices. */
  readonly nanoPerMillionTokens?: MillionPrices
}

/** See registry.ts. */
export const modelsCommand: Command = {
  name: 'models',
  summary: 'the live market: models, workers, load, coefficients, prices',
  usage: '[options]',
  options: CONNECTION_OPTIONS,
  notes: [
    'A coefficient of 1.000 is the base price of the network; the proxy chooses the worker, whose coefficient is charged.',
    'Prices are for a million tokens at the lowest coefficient, where the network description gives prices.'
  ],
  takesArguments: false,
  async run(values, _words, context) {
    const asJson = flagOf(values, 'json')
    const progress = createProgress(context, asJson)
    const opened = await openClient(values, context, { onEvent: progress.onEvent })
    try {
      const { peer, models } = await opened.client.market({ signal: context.signal })
      const prices = await opened.readPrices()
      progress.end()
      const rows = models.map((type) => describeModel(type, prices))
      if (asJson) printJson(context, { peer, trust: opened.trust, models: rows })
      else {
        context.stderr.write(`proxy ${peer.address}, protocol ${peer.protocolVersion}, ${opened.trust}\n`)
        context.stdout.write(rows.length === 0 ? 'no models\n' : marketTable(rows))
      }
      return EXIT.ok
    } finally {
      progress.end()
      await opened.close()
    }
  }
}

function describeModel({ name, workers }: WorkerType, prices: NetworkPrices | undefined): ModelRow {
  const coefficients = workers.map((worker) => worker.coefficient)
  const lowest = coefficients.length === 0 ? undefined : Math.min(...coefficients)
  return {
    model: name,
    workers,
    activeRequests: sum(workers.map((worker) => worker.activeRequests)),
    maxActiveRequests: sum(workers.map((worker) => worker.maxActiveRequests)),
    ...(lowest !== undefined && { lowestCoefficient: lowest, highestCoefficient: Math.max(...coefficients) }),
    ...(lowest !== undefined && prices !== undefined && { nanoPerMillionTokens: millionPrices(lowest, prices) })
  }
}

/** A million tokens × coefficient / 1000 × multiplier / 10,000 × price (pricing.md §2); rounding does not matter here. */
function millionPrices(coefficient: number, prices: NetworkPrices): MillionPrices {
  const { multipliers, pricePerTokenNano } = prices
  const of = (multiplier: number): bigint =>
    (1_000_000n * BigInt(coefficient) * BigInt(multiplier) * pricePerTokenNano) / 10_000_000n
  return {
    prompt: of(multipliers.prompt),
    cached: of(multipliers.cached),
    completion: of(multipliers.completion),
    reasoning: of(multipliers.reasoning)
  }
}

function marketTable(rows: readonly ModelRow[]): string {
  const hasPrices = rows.some((row) => row.nanoPerMillionTokens !== undefined)
  const priceHeaders = hasPrices ? ['prompt/M', 'cached/M', 'completion/M', 'reasoning/M'] : []
  return formatTable(
    ['model', 'workers', 'load', 'coefficient', ...priceHeaders],
    rows.map((row) => {
      const prices = row.nanoPerMillionTokens
      const cells =
        prices === undefined ? ['–', '–', '–', '–'] : Object.values(prices).map((nano: bigint) => formatTon(nano))
      return [
        printable(row.model),
        String(row.workers.length),
        `${row.activeRequests}/${row.maxActiveRequests}`,
        coefficientRange(row),
        ...(hasPrices ? cells : [])
      ]
    })
  )
}

function coefficientRange({ lowestCoefficient: low, highestCoefficient: high }: ModelRow): string {
  if (low === undefined || high === undefined) return '–'
  const text = (coefficient: number): string => (coefficient / 1000).toFixed(3)
  return low === high ? text(low) : `${text(low)}–${text(high)}`
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
