/**
 * `cocoonkit plan`: what a load costs a day, and which stake and how many proxies it needs; `plan worker` is the other side.
 *
 * @module
 */
import { type Command, flagOf, textOf } from '../command.js'
import { CONNECTION_OPTIONS, openClient } from '../connection.js'
import { EXIT } from '../exit-codes.js'
import { formatTon, printJson } from '../print.js'
import { createProgress } from '../progress.js'
import { numberOf, usageError } from '../usage-error.js'
import { planMachine, WORKER_OPTIONS } from './plan-worker.js'

/** See registry.ts. */
export const planCommand: Command = {
  name: 'plan',
  summary: 'TON a day, stake, concurrency and proxies for a load',
  usage: '[options] --model NAME --requests N --prompt N --completion N | worker --gpu NAME --model NAME',
  options: {
    ...CONNECTION_OPTIONS,
    model: { type: 'string', short: 'm', placeholder: 'NAME', description: 'model, base name' },
    requests: { type: 'string', placeholder: 'N', description: 'requests a day' },
    prompt: { type: 'string', placeholder: 'N', description: 'prompt tokens a request' },
    completion: { type: 'string', placeholder: 'N', description: 'completion tokens a request' },
    ...WORKER_OPTIONS
  },
  notes: [
    'plan worker plans a machine instead: what fits, how fast, TON a day, with every assumption. It needs no account; prices',
    'are those of --root or --devnet, or of the main network in April 2026.'
  ],
  takesArguments: true,
  async run(values, words, context) {
    if (words[0] === 'worker' && words.length === 1) return planMachine(values, context)
    if (words.length > 0) throw usageError('the only word that plan takes is worker')
    const worker = Object.keys(WORKER_OPTIONS).find((name) => values[name] !== undefined)
    if (worker !== undefined) throw usageError(`--${worker} belongs to plan worker`)
    const model = textOf(values, 'model')
    if (model === undefined) throw usageError('no model is named', 'Give --model NAME.')
    const number = (name: string): number => {
      const value = numberOf(values, name, { min: 0, max: 1e12 })
      if (value === undefined) throw usageError(`--${name} is missing`)
      return value
    }
    const load = {
      model,
      requestsPerDay: number('requests'),
      promptTokens: number('prompt'),
      completionTokens: number('completion')
    }
    const asJson = flagOf(values, 'json')
    const progress = createProgress(context, asJson)
    const opened = await openClient(values, context, { onEvent: progress.onEvent })
    try {
      const plan = await opened.client.plan(load, { prices: opened.prices, signal: context.signal })
      progress.end()
      if (asJson) printJson(context, plan)
      else {
        const { lowestNanoPerDay: low, highestNanoPerDay: high } = plan
        context.stdout.write(
          `a day        ${formatTon(plan.expectedNanoPerDay)} (${formatTon(low)} to ${formatTon(high)})\n` +
            `at once      ${plan.concurrency} requests, ${plan.proxies} ${plan.proxies === 1 ? 'proxy' : 'proxies'}\n` +
            `stake        ${formatTon(plan.stakePerProxyNano)} at each\ndeposit      ${formatTon(plan.depositPerProxyNano)} at each\n`
        )
        for (const line of plan.warnings) context.stdout.write(`  warning: ${line}\n`)
        for (const line of plan.assumptions) context.stdout.write(`  ${line}\n`)
      }
      return EXIT.ok
    } finally {
      progress.end()
      await opened.close()
    }
  }
}
