/**
 * `cocoonkit plan worker`: what a machine could serve, and what it would earn a day. Asks nobody but, where a root contract
 * or a devnet is named, the prices.
 *
 * @module
 */
import type { WorkerPlan } from '../../ton.js'
import { flagOf, type OptionSpec, type OptionValues, textOf } from '../command.js'
import type { CliContext } from '../context.js'
import { readNamedDevnet } from '../devnet-file.js'
import { EXIT } from '../exit-codes.js'
import { openChain } from '../money.js'
import type { NetworkPrices } from '../networks.js'
import { formatTon, printable, printJson } from '../print.js'
import { numberOf, usageError } from '../usage-error.js'

/** Flags of a machine and its model. */
export const WORKER_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  gpu: { type: 'string', placeholder: 'NAME', description: 'worker: graphics processor, e.g. H200' },
  gpus: { type: 'string', placeholder: 'N', description: 'worker: how many of them; default 1' },
  'vram-gb': { type: 'string', placeholder: 'GB', description: 'worker: memory of one; default by its name' },
  parameters: {
    type: 'string',
    placeholder: 'B',
    description: 'worker: billions of parameters; default as the model is called, e.g. 32 for Qwen3-32B'
  },
  'active-parameters': {
    type: 'string',
    placeholder: 'B',
    description: 'worker: billions that a token passes through; default as the model is called (A3B), or all'
  },
  bits: { type: 'string', placeholder: 'N', description: 'worker: bits a weight; default 8' },
  context: { type: 'string', placeholder: 'N', description: 'worker: tokens of context a request holds; default 8192' },
  'tokens-per-second': {
    type: 'string',
    placeholder: 'N',
    description: 'worker: measured completion tokens a second; default an estimate from the memory bandwidth'
  },
  utilisation: { type: 'string', placeholder: 'SHARE', description: 'worker: share of the day with work; default 0.3' },
  coefficient: { type: 'string', placeholder: 'N', description: 'worker: own price coefficient, 1/1000; default 1000' }
}

/** Runs `plan worker`. @throws CocoonError `ERR_OPTIONS`, and what reading prices throws. */
export async function planMachine(values: OptionValues, context: CliContext): Promise<number> {
  const { planWorker } = await import('../../ton.js')
  const gpu = textOf(values, 'gpu')
  const name = textOf(values, 'model')
  if (gpu === undefined) throw usageError('no graphics processor is named', 'Give --gpu NAME.')
  if (name === undefined) throw usageError('no model is named', 'Give --model NAME.')
  const number = (option: string, max = 1e9): number | undefined => numberOf(values, option, { min: 0, max })
  const named = sizeInName(name)
  const parametersB = number('parameters', 1e6) ?? named.parametersB
  if (parametersB === undefined)
    throw usageError('the size of this model is not in its name', 'Give --parameters with billions of parameters.')
  const { prices, origin } = await readPrices(values, context)
  const plan = planWorker({
    gpu,
    gpus: number('gpus', 1024),
    vramGb: number('vram-gb', 1e6),
    model: {
      name,
      parametersB,
      activeParametersB: number('active-parameters', 1e6) ?? named.activeParametersB,
      bitsPerWeight: number('bits', 64)
    },
    contextTokens: number('context'),
    tokensPerSecond: number('tokens-per-second'),
    utilisation: number('utilisation', 1),
    coefficient: numberOf(values, 'coefficient', { min: 0, max: 1e9 - 1, isInteger: true }),
    prices
  })
  const assumptions = [
    `prices: ${origin}`,
    `${parametersB} billion parameters${textOf(values, 'parameters') === undefined ? ', as the model is called' : ''}`,
    ...plan.assumptions
  ]
  if (flagOf(values, 'json')) printJson(context, { ...plan, assumptions })
  else context.stdout.write(planText(plan, assumptions))
  return EXIT.ok
}

/** `32B` and `30B-A3B` in names of models: billions of parameters, and of those that one token passes through. */
function sizeInName(name: string): { readonly parametersB?: number; readonly activeParametersB?: number } {
  const size = /(?:^|[^a-z\d.])(\d{1,4}(?:\.\d{1,2})?)b(?![a-z\d])/i.exec(name)?.[1]
  const active = /(?:^|[^a-z\d])a(\d{1,4}(?:\.\d{1,2})?)b(?![a-z\d])/i.exec(name)?.[1]
  return {
    ...(size !== undefined && { parametersB: Number(size) }),
    ...(active !== undefined && { activeParametersB: Number(active) })
  }
}

/** Prices of the network that is named; without one those of the main network as they were known last. */
async function readPrices(
  values: OptionValues,
  context: CliContext
): Promise<{ readonly prices: NetworkPrices; readonly origin: string }> {
  const devnet = await readNamedDevnet(values, context)
  if (devnet?.money.prices !== undefined) return { prices: devnet.money.prices, origin: "the devnet's" }
  const isRooted = textOf(values, 'root') !== undefined || textOf(values, 'chain') !== undefined
  if (devnet === undefined && isRooted) {
    const { registry } = await openChain(values)
    const { root } = await registry.get({ signal: context.signal })
    return { prices: root, origin: `root contract version ${root.version}` }
  }
  const { MAINNET_SAMPLE_PRICES } = await import('../../ton.js')
  return { prices: MAINNET_SAMPLE_PRICES, origin: 'main network in April 2026; --root mainnet reads those of today' }
}

function planText(plan: WorkerPlan, assumptions: readonly string[]): string {
  const gb = (value: number): string => `${value.toFixed(1)} GB`
  const lines = plan.fits
    ? [
        `fits         yes: ${gb(plan.weightsGb)} of weights, ${gb(plan.freeGb)} for requests`,
        `at once      ${plan.maxActiveRequests} requests`,
        `speed        ${plan.tokensPerSecond.toFixed(0)} completion tokens a second`,
        `coefficient  ${(plan.coefficient / 1000).toFixed(3)}`,
        `a day        ${formatTon(plan.expectedNanoPerDay)}`
      ]
    : [
        plan.freeGb > 0
          ? `fits         no: ${gb(plan.weightsGb)} of weights leave ${gb(plan.freeGb)}, less than one request needs`
          : `fits         no: ${gb(plan.weightsGb)} of weights are ${gb(-plan.freeGb)} too many`
      ]
  return `${[...lines, ...assumptions.map((line) => `  ${printable(line)}`)].join('\n')}\n`
}
