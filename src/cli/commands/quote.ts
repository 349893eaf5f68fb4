/**
 * `cocoonkit quote`: what a question would cost, without asking it.
 *
 * @module
 */
import { type Command, flagOf, textOf } from '../command.js'
import { CONNECTION_OPTIONS, openClient } from '../connection.js'
import { EXIT } from '../exit-codes.js'
import { formatTon, printJson } from '../print.js'
import { createProgress } from '../progress.js'
import { numberOf, usageError } from '../usage-error.js'

/** See registry.ts. */
export const quoteCommand: Command = {
  name: 'quote',
  summary: 'what a request would cost at most, and what is to be expected',
  usage: '[options] --model NAME [prompt…]',
  options: {
    ...CONNECTION_OPTIONS,
    model: { type: 'string', short: 'm', placeholder: 'NAME', description: 'model, base name' },
    'max-tokens': {
      type: 'string',
      placeholder: 'N',
      description: 'limit of the answer; without one nothing bounds the cost'
    },
    'max-coefficient': { type: 'string', placeholder: 'N', description: 'dearest worker, 1/1000; default 4000' }
  },
  takesArguments: true,
  async run(values, words, context) {
    const model = textOf(values, 'model')
    if (model === undefined) throw usageError('no model is named', 'Give --model NAME.')
    const asJson = flagOf(values, 'json')
    const progress = createProgress(context, asJson)
    const opened = await openClient(values, context, { onEvent: progress.onEvent })
    try {
      const content = words.length > 0 || context.stdinIsTTY ? words.join(' ') : await context.readStdin()
      const maxTokens = numberOf(values, 'max-tokens', { min: 0, max: 2 ** 31 - 1, isInteger: true })
      const body = {
        model,
        messages: [{ role: 'user', content }],
        ...(maxTokens !== undefined && { max_tokens: maxTokens })
      }
      const maxCoefficient = numberOf(values, 'max-coefficient', { min: 0, max: 2 ** 31 - 1, isInteger: true })
      const quote = await opened.client.quote(body, { prices: opened.prices, maxCoefficient, signal: context.signal })
      progress.end()
      if (asJson) printJson(context, quote)
      else {
        const most = quote.maxNano === undefined ? `no limit: ${quote.unboundedBy}` : formatTon(quote.maxNano)
        context.stdout.write(
          `at most   ${most}\nexpected  ${formatTon(quote.expectedNano)}\nreserved  ${quote.reservationTokens} tokens\n`
        )
        if (quote.refusal !== undefined) context.stdout.write(`refusal   ${quote.refusal.kind}\n`)
        for (const line of quote.assumptions) context.stdout.write(`  ${line}\n`)
      }
      return EXIT.ok
    } finally {
      progress.end()
      await opened.close()
    }
  }
}
