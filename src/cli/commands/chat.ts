/**
 * `cocoonkit chat`: one question, one streamed answer, and what stands around it.
 *
 * @module
 */
import {
  type AttestationReport,
  type CallFigures,
  type ChatMessage,
  type Cocoon,
  type InferencePeer,
  type StreamResult,
  type ChatCompletionChunk,
  type Usage
} from '../../index.js'
import { type Command, flagOf, type OptionValues, textOf } from '../command.js'
import { CONNECTION_OPTIONS, openClient, type OpenedClient } from '../connection.js'
import type { CliContext } from '../context.js'
import { EXIT } from '../exit-codes.js'
import { LEDGER_OPTION } from '../money.js'
import { formatTon, printable, printJson } from '../print.js'
import { createProgress, type Progress } from '../progress.js'
import { numberOf, usageError } from '../usage-error.js'

/** What one call gave. */
interface ChatOutcome {
  readonly model: string
  readonly text: string
  readonly finishReason: string | null
  readonly usage: Usage | undefined
  readonly figures: CallFigures
  readonly peer: InferencePeer
  readonly requestId: string
  readonly attestation: AttestationReport | undefined
  /** From the start of the command's call, milliseconds. */
  readonly firstTokenMs: number | undefined
  readonly totalMs: number
}

/** See registry.ts. */
export const chatCommand: Command = {
  name: 'chat',
  summary: 'ask a model and watch the answer stream',
  usage: '[options] [prompt…]',
  options: {
    model: {
      type: 'string',
      short: 'm',
      placeholder: 'NAME',
      description: 'model; default: the first of the market that has workers'
    },
    system: { type: 'string', short: 's', description: 'system message' },
    'max-tokens': { type: 'string', placeholder: 'N', description: 'longest answer, tokens; default: the network’s' },
    temperature: { type: 'string', placeholder: 'T', description: '0 to 2' },
    'max-coefficient': {
      type: 'string',
      placeholder: 'N',
      description: 'highest price coefficient, 1/1000; default 4000'
    },
    buffered: {
      type: 'boolean',
      description: 'ask for the whole answer at once (for workers that lose event streams)'
    },
    ...CONNECTION_OPTIONS,
    ...LEDGER_OPTION
  },
  notes: [
    'Without words the prompt is read from standard input. The answer goes to standard output, everything else to',
    'standard error. With --json one object with text, usage, cost, peer and attestation is printed at the end.'
  ],
  takesArguments: true,
  async run(values, words, context) {
    const asJson = flagOf(values, 'json')
    const messages = await readMessages(values, words, context)
    const progress = createProgress(context, asJson)
    const opened = await openClient(values, context, { onEvent: progress.onEvent, records: true })
    try {
      const outcome = await ask(opened, values, messages, context, progress)
      if (asJson) printJson(context, { ...outcome, trust: opened.trust })
      else context.stderr.write(`\n${summarise(outcome, opened.trust)}`)
      return EXIT.ok
    } finally {
      progress.end()
      await opened.close()
    }
  }
}

async function readMessages(
  values: OptionValues,
  words: readonly string[],
  context: CliContext
): Promise<ChatMessage[]> {
  if (words.length === 0 && context.stdinIsTTY)
    throw usageError('there is no prompt', 'Write it behind the options, or pipe it in.')
  const prompt = words.length > 0 ? words.join(' ') : (await context.readStdin()).trimEnd()
  if (prompt.trim() === '') throw usageError('the prompt is empty')
  const system = textOf(values, 'system')
  return [
    ...(system === undefined ? [] : [{ role: 'system', content: system } as const]),
    { role: 'user', content: prompt }
  ]
}

async function ask(
  { client }: OpenedClient,
  values: OptionValues,
  messages: readonly ChatMessage[],
  context: CliContext,
  progress: Progress
): Promise<ChatOutcome> {
  const asJson = flagOf(values, 'json')
  const startedMs = context.now()
  const model = textOf(values, 'model') ?? (await firstModel(client, context.signal))
  const result = await client.chat.completions
    .create(
      {
        model,
        messages,
        stream: true,
        stream_options: { include_usage: true },
        max_tokens: numberOf(values, 'max-tokens', { min: 1, max: 2_147_483_647, isInteger: true }),
        temperature: numberOf(values, 'temperature', { min: 0, max: 2 })
      },
      {
        signal: context.signal,
        maxCoefficient: numberOf(values, 'max-coefficient', { min: 0, max: 2_147_483_647, isInteger: true }),
        streamFallback: flagOf(values, 'buffered') ? 'buffered' : undefined
      }
    )
    .withResponse()
  const read = await readStream(result, context, progress, asJson)
  const figures = await result.final
  return {
    model,
    text: read.text,
    finishReason: read.finishReason,
    usage: read.usage,
    figures,
    peer: result.peer,
    requestId: result.requestId,
    attestation: client.attestations().get(result.peer.address),
    firstTokenMs: read.firstTokenAtMs === undefined ? undefined : read.firstTokenAtMs - startedMs,
    totalMs: context.now() - startedMs
  }
}

interface ReadAnswer {
  readonly text: string
  readonly finishReason: string | null
  readonly usage: Usage | undefined
  readonly firstTokenAtMs: number | undefined
}

/** Reads the stream, echoing text as it comes unless JSON is wanted. */
async function readStream(
  { data }: StreamResult<ChatCompletionChunk>,
  context: CliContext,
  progress: Progress,
  asJson: boolean
): Promise<ReadAnswer> {
  const parts: string[] = []
  let usage: Usage | undefined
  let finishReason: string | null = null
  let firstTokenAtMs: number | undefined
  for await (const chunk of data) {
    usage = chunk.usage ?? usage
    const choice = chunk.choices?.[0]
    finishReason = choice?.finish_reason ?? finishReason
    const text = choice?.delta?.content
    if (typeof text !== 'string' || text === '') continue
    firstTokenAtMs ??= context.now()
    progress.end()
    parts.push(text)
    if (!asJson) context.stdout.write(context.stdout.isTTY ? printable(text) : text)
  }
  const text = parts.join('')
  if (!asJson && !text.endsWith('\n')) context.stdout.write('\n')
  return { text, finishReason, usage, firstTokenAtMs }
}

/** The first model that somebody serves. */
async function firstModel(client: Cocoon, signal: AbortSignal): Promise<string> {
  const { models } = await client.market({ signal })
  const served = models.find((type) => type.workers.length > 0)
  if (served === undefined)
    throw usageError('the market has no model with workers', 'Name one with --model, or try again later.')
  return served.name
}

function summarise(outcome: ChatOutcome, trust: string): string {
  const { peer, usage, figures, attestation } = outcome
  const report = attestation === undefined ? '' : `, report ${attestation.id.slice(0, 16)}…`
  const verdict = peer.verified ? `verified${report}; ${trust}` : `${trust}${report}`
  const lines = [
    ['peer', `${peer.address}, protocol ${peer.protocolVersion}`],
    ['attestation', verdict],
    ['model', printable(outcome.model)],
    ['tokens', describeTokens(usage, figures)],
    ['cost', describeCost(figures)],
    ['time', `first token ${describeMs(outcome.firstTokenMs)}, all ${describeMs(outcome.totalMs)}`],
    ...(outcome.finishReason === 'length' ? [['note', 'the answer was cut at its token limit']] : [])
  ]
  return lines.map(([label = '', text = '']) => `  ${label.padEnd(12)}${text}\n`).join('')
}

function describeTokens(usage: Usage | undefined, { tokensUsed }: CallFigures): string {
  const raw =
    usage === undefined ? 'not reported' : `${usage.prompt_tokens} prompt, ${usage.completion_tokens} completion`
  return tokensUsed === undefined ? raw : `${raw} (${tokensUsed.total} charged units)`
}

function describeCost({ costNano, costSource }: CallFigures): string {
  if (costNano === undefined) return 'unknown'
  return `${formatTon(costNano)} (${costSource === 'price' ? 'by the price of the network' : 'by the peer’s word'})`
}

function describeMs(ms: number | undefined): string {
  return ms === undefined ? '–' : `${(ms / 1000).toFixed(2)} s`
}
