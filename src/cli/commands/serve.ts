/**
 * `cocoonkit serve`: OpenAI's API on this machine, for tools that know nothing of the network.
 *
 * @module
 */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { anyone, bearerTokens, createGateway, type GatewayEvent, memoryBudget } from '../../gateway.js'
import { CocoonError } from '../../index.js'
import { toNodeListener } from '../../node.js'
import { type Command, flagOf, listOf, type OptionValues, textOf } from '../command.js'
import { CONNECTION_OPTIONS, openClient, type OpenedClient } from '../connection.js'
import type { CliContext } from '../context.js'
import { EXIT } from '../exit-codes.js'
import { LEDGER_OPTION } from '../money.js'
import { formatTon, printJson } from '../print.js'
import { numberOf, usageError } from '../usage-error.js'

const DEFAULT_PORT = 8787

/** See registry.ts. */
export const serveCommand: Command = {
  name: 'serve',
  summary: 'OpenAI’s API on this machine: any tool that takes a base URL can use the network',
  usage: '[options]',
  options: {
    port: {
      type: 'string',
      short: 'p',
      placeholder: 'PORT',
      description: `port on 127.0.0.1; default ${DEFAULT_PORT}, 0 for any free one`
    },
    'token-env': {
      type: 'string',
      placeholder: 'NAME',
      description: 'environment variable with a token that callers must send as their API key'
    },
    origin: {
      type: 'string',
      multiple: true,
      placeholder: 'URL',
      description: 'a web page’s origin that may call; default none'
    },
    'max-spend': {
      type: 'string',
      placeholder: 'TON',
      description:
        'refuse further requests when this much is spent, by the cost that the network reports; those under way still cost'
    },
    ...CONNECTION_OPTIONS,
    ...LEDGER_OPTION
  },
  notes: [
    'It listens on 127.0.0.1 only, answers only to the names of this machine, and serves whoever can reach it: every program',
    'of this machine can spend the account’s coins through it, up to --max-spend. With --token-env they need the token.',
    'Beside /v1 there are /attestation (the report on the proxy), /metrics (Prometheus) and /healthz.'
  ],
  takesArguments: false,
  async run(values, _words, context) {
    const port = numberOf(values, 'port', { min: 0, max: 65_535, isInteger: true }) ?? DEFAULT_PORT
    const maxSpendNano = readSpend(values)
    const token = readToken(values, context)
    const opened = await openClient(values, context, { records: true })
    try {
      const gateway = createGateway({
        cocoon: opened.client,
        authorize:
          token === undefined ? anyone('localhost') : bearerTokens({ tokens: { [token]: { user: 'localhost' } } }),
        budget: memoryBudget({ totalNano: maxSpendNano }),
        hosts: ['localhost', '127.0.0.1', '[::1]'],
        cors: { origins: listOf(values, 'origin') },
        limits: { maxConcurrentPerUser: 256 },
        metrics: true,
        onEvent: (event) => logEvent(context, event)
      })
      const server = createServer(toNodeListener(gateway))
      try {
        const boundPort = await listen(server, port)
        announce(context, values, `http://127.0.0.1:${boundPort}`, opened, {
          maxSpendNano,
          needsToken: token !== undefined
        })
        await interrupted(context)
        return EXIT.ok
      } finally {
        gateway.close()
        await closed(server)
      }
    } finally {
      await opened.close()
    }
  }
}

function readSpend(values: OptionValues): bigint | undefined {
  const text = textOf(values, 'max-spend')
  if (text === undefined) return undefined
  const match = /^(\d{1,9})(?:\.(\d{1,9}))?$/.exec(text)
  if (match === null) throw usageError('--max-spend must be an amount of TON, e.g. 0.5')
  return BigInt(match[1] as string) * 1_000_000_000n + BigInt((match[2] ?? '').padEnd(9, '0'))
}

function readToken(values: OptionValues, { env }: CliContext): string | undefined {
  const name = textOf(values, 'token-env')
  if (name === undefined) return undefined
  const token = env[name]
  if (token === undefined || token === '') throw usageError(`there is no variable ${name}`)
  return token
}

/** @returns The port. @throws CocoonError `ERR_OPTIONS` when it is taken. */
async function listen(server: Server, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) =>
      reject(
        new CocoonError('ERR_OPTIONS', `cannot listen on port ${port}`, {
          phase: 'options',
          field: 'port',
          cause,
          remedy: 'choose another with --port'
        })
      )
    )
    server.listen(port, '127.0.0.1', resolve)
  })
  return (server.address() as AddressInfo).port
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}

interface Announced {
  readonly maxSpendNano: bigint | undefined
  readonly needsToken: boolean
}

function announce(
  context: CliContext,
  values: OptionValues,
  url: string,
  opened: OpenedClient,
  { maxSpendNano, needsToken }: Announced
): void {
  const limit = maxSpendNano === undefined ? 'no limit (--max-spend sets one)' : `${formatTon(maxSpendNano)} in all`
  if (flagOf(values, 'json')) {
    printJson(context, {
      url,
      baseUrl: `${url}/v1`,
      trust: opened.trust,
      needsToken,
      maxSpendNano: maxSpendNano ?? null
    })
    return
  }
  const key = needsToken ? ' -H "Authorization: Bearer $TOKEN"' : ''
  context.stdout.write(
    [
      `serving OpenAI’s API at ${url}/v1; Ctrl-C ends it`,
      '',
      `  peers    ${opened.trust}`,
      `  spending ${limit}`,
      `  callers  ${needsToken ? 'with the token' : 'every program of this machine'}`,
      `  more     ${url}/attestation  ${url}/metrics`,
      '',
      `  curl ${url}/v1/models${key}`,
      ''
    ].join('\n')
  )
}

function logEvent({ stderr }: CliContext, event: GatewayEvent): void {
  if (event.type === 'refused') stderr.write(`${event.path} refused: ${event.status} ${event.code}\n`)
  if (event.type !== 'finished') return
  const cost =
    event.spentSource === 'price' || event.spentSource === 'peer-claim' ? `, ${formatTon(event.spentNano)}` : ''
  stderr.write(
    `${event.path} ${event.status} ${event.outcome}, ${Math.round(event.durationMs)} ms, ${event.bytesOut} bytes${cost}\n`
  )
}

function interrupted({ signal }: CliContext): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
