/**
 * `cocoonkit devnet`: a whole network on this machine, in the foreground, until it is interrupted.
 *
 * @module
 */
import type { Devnet, DevnetDescription, DevnetOptions } from '../../devnet.js'
import { type Command, flagOf, type OptionValues, textOf } from '../command.js'
import type { CliContext } from '../context.js'
import { EXIT } from '../exit-codes.js'
import { formatTon, printJson } from '../print.js'
import { numberOf, usageError } from '../usage-error.js'

/** See registry.ts. */
export const devnetCommand: Command = {
  name: 'devnet',
  summary: 'run a whole network on this machine, without coins or GPU',
  usage: '[options]',
  options: {
    port: {
      type: 'string',
      short: 'p',
      placeholder: 'PORT',
      description: 'port of the first proxy, further ones follow; default any free one'
    },
    host: { type: 'string', placeholder: 'HOST', description: 'interface to listen on; default 127.0.0.1' },
    proxies: { type: 'string', placeholder: 'N', description: 'number of proxies, 1 to 16; default 1' },
    upstream: {
      type: 'string',
      placeholder: 'URL',
      description: 'OpenAI-compatible server behind the workers; default a built-in text generator'
    },
    'network-version': { type: 'string', placeholder: 'NAME', description: 'dec-2025 or apr-2026; default apr-2026' },
    worker: {
      type: 'string',
      placeholder: 'NAME',
      description: 'dec-2025, apr-2026 or event-by-event; default event-by-event'
    },
    difficulty: {
      type: 'string',
      placeholder: 'BITS',
      description: 'proof of work, 0 to 28; the real network asks for 20; default 8'
    },
    chain: {
      type: 'boolean',
      description: 'a chain behind it: root, proxy and client contracts, toncenter-like HTTP, a wallet with 100 TON'
    },
    'chain-port': { type: 'string', placeholder: 'PORT', description: 'port of the chain; default any free one' },
    unopened: {
      type: 'boolean',
      description: 'with --chain: the account has no channel yet; channel open opens it. Default: one with 20 TON'
    },
    describe: {
      type: 'string',
      placeholder: 'FILE',
      description: 'write the description that --devnet FILE of other commands reads'
    },
    tee: {
      type: 'string',
      placeholder: 'KIND',
      description: 'evidence of the proxies: tdx, snp, fake or none; default tdx'
    },
    'tee-fault': {
      type: 'string',
      placeholder: 'NAME',
      description: 'what is wrong with the evidence, e.g. debug, wrong-binding, tcb:Revoked; see DEVNET_TEE_FAULTS'
    },
    'token-delay': {
      type: 'string',
      placeholder: 'MS',
      description: 'pause of the built-in generator between tokens; default 30'
    }
  },
  notes: [
    'The devnet is a test bed: money is play money, its account secret is printed here, and its evidence is signed by a',
    'vendor of its own. Clients that read its description (--devnet FILE, or fromDevnet()) verify it in full; nobody else',
    'accepts it.'
  ],
  takesArguments: false,
  async run(values, _words, context) {
    const { startDevnet } = await import('../../devnet.js')
    const owner = flagOf(values, 'chain') ? await createOwner() : undefined
    const devnet = await startDevnet(readOptions(values, owner))
    const file = textOf(values, 'describe')
    try {
      if (owner !== undefined) await devnet.chain?.faucet(owner.address, OWNER_TON_NANO)
      const description = describe(devnet, owner)
      // It holds the account's secret, and with a chain the key of its wallet.
      if (file !== undefined) await context.writeFile(file, `${JSON.stringify(description, undefined, 2)}\n`, true)
      if (flagOf(values, 'json')) printJson(context, description)
      else context.stdout.write(describeText(devnet, owner, file))
      await interrupted(context)
      return EXIT.ok
    } finally {
      await devnet.close()
    }
  }
}

/** The wallet that owns the devnet's account on its chain. */
interface Owner {
  readonly address: string
  readonly seed: Uint8Array
  /** The account's secret. */
  readonly secret: Uint8Array
}

const OWNER_TON_NANO = 100_000_000_000n

/** A new key for each devnet, so that nobody can own the same address on a real network. */
async function createOwner(): Promise<Owner> {
  const [{ openStandardWallet }, { default: nacl }] = await Promise.all([import('../../ton.js'), import('tweetnacl')])
  const seed = crypto.getRandomValues(new Uint8Array(32))
  const { publicKey } = nacl.sign.keyPair.fromSeed(seed)
  const { address } = await openStandardWallet({ version: 'v4r2', publicKey })
  return { address, seed, secret: crypto.getRandomValues(new Uint8Array(32)) }
}

function describe(devnet: Devnet, owner: Owner | undefined): DevnetDescription {
  const description = devnet.describe()
  if (owner === undefined) return description
  const wallet = { version: 'v4r2', seed: bytesToHex(owner.seed) } as const
  return { ...description, account: { ...description.account, wallet } }
}

function readOptions(values: OptionValues, owner: Owner | undefined): DevnetOptions {
  const chainPort = numberOf(values, 'chain-port', { min: 0, max: 65_535, isInteger: true })
  for (const name of ['chain-port', 'unopened'])
    if (owner === undefined && values[name] !== undefined) throw usageError(`--${name} needs --chain`)
  return {
    host: textOf(values, 'host'),
    port: numberOf(values, 'port', { min: 0, max: 65_535, isInteger: true }),
    proxies: numberOf(values, 'proxies', { min: 1, max: 16, isInteger: true }),
    upstream: readUpstream(values),
    version: choiceOf(values, 'network-version', ['dec-2025', 'apr-2026']),
    worker: choiceOf(values, 'worker', ['dec-2025', 'apr-2026', 'event-by-event']),
    difficultyBits: numberOf(values, 'difficulty', { min: 0, max: 28, isInteger: true }),
    tee: { kind: choiceOf(values, 'tee', ['tdx', 'snp', 'fake', 'none']), fault: textOf(values, 'tee-fault') },
    tokenDelayMs: numberOf(values, 'token-delay', { min: 0, max: 60_000 }) ?? 30,
    ...(owner !== undefined && {
      account: { owner: owner.address, secret: owner.secret },
      chain: { port: chainPort, openAccounts: !flagOf(values, 'unopened') },
      // A person does not wait half a minute for a charge.
      stateCommitMs: 1000
    })
  }
}

function readUpstream(values: OptionValues): string | undefined {
  const text = textOf(values, 'upstream')
  if (text !== undefined && !/^https?:\/\/[^/]/.test(text)) throw usageError('--upstream must be an http or https URL')
  return text
}

function choiceOf<T extends string>(values: OptionValues, name: string, choices: readonly T[]): T | undefined {
  const text = textOf(values, name)
  if (text === undefined) return undefined
  const choice = choices.find((candidate) => candidate === text)
  if (choice === undefined) throw usageError(`--${name} must be one of ${choices.join(', ')}`)
  return choice
}

function describeText(devnet: Devnet, owner: Owner | undefined, file: string | undefined): string {
  const { network, account, prices, chain } = devnet
  const secret = typeof account.secret === 'string' ? account.secret : `hex ${bytesToHex(account.secret)}`
  const hint = file === undefined ? 'With --describe FILE other terminals can use it:' : 'Try it from another terminal:'
  return [
    'devnet is running; Ctrl-C ends it',
    '',
    `  proxies  ${network.proxies.join(', ')}`,
    `  network  ${network.isTest ? 'test' : 'main'}, config version ${network.configVersion}`,
    `  owner    ${account.owner}`,
    `  secret   ${secret}`,
    `  price    ${formatTon(prices.pricePerTokenNano)} per adjusted token`,
    ...(chain === undefined ? [] : [`  chain    ${chain.url}`, `  root     ${chain.rootAddress}`]),
    ...(owner === undefined ? [] : [`  wallet   V4R2 of the owner, seed ${bytesToHex(owner.seed)}`]),
    '',
    hint,
    '',
    `  cocoonkit chat --devnet ${file ?? 'FILE'} 'Hello'`,
    `  cocoonkit verify --devnet ${file ?? 'FILE'}`,
    ...(chain === undefined ? [] : [`  cocoonkit channel status --devnet ${file ?? 'FILE'}`]),
    ''
  ].join('\n')
}

function bytesToHex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}

function interrupted({ signal }: CliContext): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
