/**
 * `cocoonkit channel`: opens, shows, tops up, charges, withdraws from and closes a payment channel. Without `--yes` it only
 * prints the plan; with it, every amount has to stand on the command line.
 *
 * @module
 */
import type * as Ton from '../../ton.js'
import { CocoonError } from '../../index.js'
import type { Channel, ChannelPlan, ChannelView, Ledger, MessageOutcome, RiskId } from '../../ton.js'
import { type Command, flagOf, listOf, type OptionValues, textOf } from '../command.js'
import type { CliContext } from '../context.js'
import { type NamedDevnet, readNamedDevnet } from '../devnet-file.js'
import { EXIT } from '../exit-codes.js'
import {
  bytesOfHex,
  CHAIN_OPTIONS,
  cliClock,
  LEDGER_OPTION,
  openChain,
  openLedgerFile,
  readKeyFile,
  requiredAmount,
  requiredText
} from '../money.js'
import { formatTon, printJson } from '../print.js'
import { usageError } from '../usage-error.js'

const ACTIONS = ['open', 'status', 'topup', 'charge', 'withdraw', 'close'] as const
type Action = (typeof ACTIONS)[number]

/** See registry.ts. */
export const channelCommand: Command = {
  name: 'channel',
  summary: 'open, status, topup, charge, withdraw or close a payment channel',
  usage: 'open|status|topup|charge|withdraw|close [options]',
  options: {
    ...CHAIN_OPTIONS,
    ...LEDGER_OPTION,
    owner: { type: 'string', placeholder: 'ADDRESS', description: 'the wallet that owns the channel' },
    'proxy-owner': { type: 'string', placeholder: 'ADDRESS', description: 'owner of the proxy contract' },
    'proxy-key': { type: 'string', placeholder: 'HEX', description: 'payment key of the proxy' },
    'wallet-key-file': {
      type: 'string',
      placeholder: 'PATH',
      description: 'Ed25519 seed of the owner, 32 bytes or hex'
    },
    'wallet-version': { type: 'string', placeholder: 'NAME', description: 'v4r2 or v5r1; default v4r2' },
    'secret-key-file': {
      type: 'string',
      placeholder: 'PATH',
      description: 'for open: the account secret, 32 random bytes or hex'
    },
    amount: { type: 'string', placeholder: 'TON', description: 'for open and topup: what is credited' },
    value: { type: 'string', placeholder: 'TON', description: 'what the message carries; the plan says the least' },
    cap: { type: 'string', placeholder: 'TON', description: 'most that this command may send' },
    acknowledge: {
      type: 'string',
      multiple: true,
      placeholder: 'RISK',
      description: 'a risk of the plan that you accept'
    },
    yes: { type: 'boolean', description: 'send; without it the plan is only printed' }
  },
  notes: [
    'Without --yes nothing is sent. With it, --value and --cap are needed, and every risk of the plan by its name.',
    "With --devnet the chain, the parties, the owner's wallet, the secret and the ledger come from the devnet."
  ],
  takesArguments: true,
  async run(values, words, context) {
    const action = ACTIONS.find((name) => name === words[0])
    if (action === undefined || words.length !== 1) throw usageError(`name one of ${ACTIONS.join(', ')}`)
    const devnet = await readNamedDevnet(values, context)
    const ledger = await openLedgerFile(values)
    try {
      const channel = await openChannel(values, context, devnet, ledger)
      await channel.track({ signal: context.signal })
      if (action === 'status') {
        const view = await channel.view({ signal: context.signal })
        if (flagOf(values, 'json')) printJson(context, summaryOf(view, ledger))
        else context.stdout.write(picture(view, ledger))
        return EXIT.ok
      }
      const plan = await planOf(channel, action, values, () => readNewSecret(values, context, devnet))
      if (!flagOf(values, 'yes')) {
        if (flagOf(values, 'json')) printJson(context, plan)
        else context.stdout.write(planText(plan))
        return EXIT.ok
      }
      return await send(channel, plan, values, context, ledger)
    } finally {
      await ledger.close()
    }
  }
}

async function openChannel(
  values: OptionValues,
  context: CliContext,
  devnet: NamedDevnet | undefined,
  ledger: Ledger
): Promise<Channel> {
  // What a wallet signs for a devnet's chain would hold on a real one too: a described devnet gets its own wallet or none.
  if (devnet !== undefined && textOf(values, 'wallet-key-file') !== undefined)
    throw usageError('--wallet-key-file and --devnet exclude each other')
  const { ed25519PublicKey, ed25519Sign, findChannel, openStandardWallet, walletSigner } = await loadTon()
  const { source, registry } = await openChain(values, devnet)
  const random = { bytes: (length: number) => crypto.getRandomValues(new Uint8Array(length)) }
  let owner = textOf(values, 'owner')
  let signer
  const key = await readWalletKey(values, context, owner === undefined ? devnet : undefined)
  if (key !== undefined) {
    const { seed, version } = key
    // Of a V5R1 wallet the network is part of the address.
    const testnet = flagOf(values, 'test')
    const wallet = await openStandardWallet({ version, testnet, publicKey: await ed25519PublicKey(seed) })
    signer = walletSigner({ wallet, sign: ed25519Sign(seed), reader: source, sender: source })
    owner ??= wallet.address
  }
  owner ??= devnet?.options.account.owner
  if (owner === undefined) throw usageError('no owner is named', 'Give --owner ADDRESS or --wallet-key-file PATH.')
  const described = devnet?.money.chain?.proxies[0]
  const parties = {
    owner,
    proxyOwner: textOf(values, 'proxy-owner') ?? described?.owner ?? requiredText(values, 'proxy-owner'),
    proxyPublicKey: textOf(values, 'proxy-key') ?? described?.publicKey ?? requiredText(values, 'proxy-key')
  }
  return findChannel(parties, { registry, reader: source, ledger, signer, clock: cliClock, random })
}

/** The owner's key: of the file that is named, or of the devnet's own wallet. */
async function readWalletKey(
  values: OptionValues,
  context: CliContext,
  devnet: NamedDevnet | undefined
): Promise<{ readonly seed: Uint8Array; readonly version: 'v4r2' | 'v5r1' } | undefined> {
  if (textOf(values, 'wallet-key-file') !== undefined) {
    const version = textOf(values, 'wallet-version') ?? 'v4r2'
    if (version !== 'v4r2' && version !== 'v5r1') throw usageError('--wallet-version must be v4r2 or v5r1')
    return { seed: await readKeyFile(values, 'wallet-key-file', context), version }
  }
  const wallet = devnet?.money.wallet
  return wallet && { seed: bytesOfHex(wallet.seed), version: wallet.version }
}

/** The secret that a new channel gets: of the file that is named, or of the devnet's own account. */
async function readNewSecret(
  values: OptionValues,
  context: CliContext,
  devnet: NamedDevnet | undefined
): Promise<Uint8Array> {
  const secret = devnet?.options.account.secret
  const isOwn = textOf(values, 'secret-key-file') === undefined && secret instanceof Uint8Array
  return isOwn ? secret : readKeyFile(values, 'secret-key-file', context)
}

async function loadTon(): Promise<typeof Ton & { ed25519PublicKey(seed: Uint8Array): Promise<Uint8Array> }> {
  const [ton, { default: nacl }] = await Promise.all([import('../../ton.js'), import('tweetnacl')])
  return { ...ton, ed25519PublicKey: (seed) => Promise.resolve(nacl.sign.keyPair.fromSeed(seed).publicKey) }
}

async function planOf(
  channel: Channel,
  action: Exclude<Action, 'status'>,
  values: OptionValues,
  newSecret: () => Promise<Uint8Array>
): Promise<ChannelPlan> {
  switch (action) {
    case 'open':
      return channel.open({
        depositNano: requiredAmount(values, 'amount'),
        secret: await newSecret()
      })
    case 'topup':
      return channel.topUp({ amountNano: requiredAmount(values, 'amount') })
    case 'charge':
      return channel.charge()
    case 'withdraw':
      return channel.withdraw()
    case 'close':
      return channel.close()
  }
}

/** Longest wait for the end of a message: some blocks more than a chain that works needs. */
const CONFIRMATION_MS = 120_000
const FIRST_POLL_MS = 200
const LONGEST_POLL_MS = 2000

async function send(
  channel: Channel,
  plan: ChannelPlan,
  values: OptionValues,
  context: CliContext,
  ledger: Ledger
): Promise<number> {
  const valueNano = requiredAmount(values, 'value')
  const capNano = requiredAmount(values, 'cap')
  const acknowledge = listOf(values, 'acknowledge') as readonly RiskId[]
  const sent = await channel.send(plan, { valueNano, capNano, acknowledge, signal: context.signal })
  const waiting = waitingLine(context, plan.action.kind)
  try {
    const outcome = await confirmation(channel, sent.id, context, waiting.tick)
    if (outcome === undefined) {
      context.stderr.write('The message was sent and its end is not known yet; channel status finds out.\n')
      return context.signal.aborted ? EXIT.interrupted : EXIT.timeout
    }
    waiting.end()
    const view = await channel.view({ signal: context.signal })
    if (flagOf(values, 'json')) printJson(context, { ...sent, ...outcome, channel: summaryOf(view, ledger) })
    else context.stdout.write(`${outcomeLine(outcome)}\n${picture(view, ledger)}`)
    return outcome.result === 'done' ? EXIT.ok : EXIT.failure
  } finally {
    waiting.end()
  }
}

/** What became of a message; `undefined` when that cannot be known in time. */
async function confirmation(
  channel: Channel,
  id: string,
  context: CliContext,
  onWait: (waitedMs: number) => void
): Promise<MessageOutcome | undefined> {
  const startedMs = context.now()
  for (let pollMs = FIRST_POLL_MS; !context.signal.aborted; pollMs = Math.min(pollMs * 2, LONGEST_POLL_MS)) {
    const outcome = await channel.track({ signal: context.signal }).then(
      (outcomes) => outcomes.find((candidate) => candidate.id === id),
      // The message is out: a source that fails now does not change what becomes of it.
      (error: unknown) => {
        if (!CocoonError.is(error) || !error.retryable) throw error
        return undefined
      }
    )
    if (outcome !== undefined && outcome.result !== 'pending') return outcome
    const waitedMs = context.now() - startedMs
    if (waitedMs >= CONFIRMATION_MS) break
    onWait(waitedMs)
    await delay(pollMs, context.signal)
  }
  return undefined
}

/** A line on standard error while the chain works: rewritten for a person, written once for a log. */
function waitingLine(context: CliContext, kind: string): { tick(waitedMs: number): void; end(): void } {
  const { stderr } = context
  let isShown = false
  return {
    tick: (waitedMs) => {
      const text = `${kind}: sent, waiting for the chain`
      if (stderr.isTTY) stderr.write(`\r\u001b[2K${text}, ${(waitedMs / 1000).toFixed(0)} s …`)
      else if (!isShown) stderr.write(`${text} …\n`)
      isShown = true
    },
    end: () => {
      if (isShown && stderr.isTTY) stderr.write('\r\u001b[2K')
      isShown = false
    }
  }
}

function delay(delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, delayMs)
    signal.addEventListener('abort', end, { once: true })
  })
}

function outcomeLine({ kind, result, exitCode }: MessageOutcome): string {
  return `${kind}: ${result}${result === 'done' || exitCode === undefined ? '' : `, exit code ${exitCode}`}`
}

function planText(plan: ChannelPlan): string {
  return [
    `${plan.action.kind} on ${plan.contract} (${plan.phaseBefore})`,
    ...plan.effects.map((line) => `  ${line}`),
    `  value    at least ${formatTon(plan.minimumValueNano)}, of which ${formatTon(plan.creditedNano)} are credited and about ${formatTon(plan.feesNano)} are fees`,
    ...plan.risks.map(
      ({ id, statement, mayLoseNano }) => `  risk ${id}: ${statement} (up to ${formatTon(mayLoseNano)})`
    ),
    ...plan.warnings.map((line) => `  note: ${line}`),
    `Nothing was sent. To send: --yes --value TON --cap TON${plan.risks.map(({ id }) => ` --acknowledge ${id}`).join('')}`,
    ''
  ].join('\n')
}

interface Summary {
  readonly phase: string
  readonly contract: string
  readonly balanceNano: bigint
  readonly stakeNano: bigint
  readonly chargedTokens: bigint
  /** Signed by the proxy and not on chain yet. */
  readonly unsettledNano: bigint
  /** Held back in the ledger by requests that run, or whose process died. */
  readonly reservedNano: bigint
  readonly ownerTonNano: bigint
  readonly pending: number
  readonly outdated: boolean
}

function summaryOf(view: ChannelView, ledger: Ledger): Summary {
  const { client, bestCharge, root } = view
  const charged = client?.tokensUsed ?? 0n
  const signed = bestCharge?.tokens ?? 0n
  return {
    phase: view.phase,
    contract: view.identity.contract,
    balanceNano: client?.balanceNano ?? 0n,
    stakeNano: client?.stakeNano ?? 0n,
    chargedTokens: charged,
    unsettledNano: (signed > charged ? signed - charged : 0n) * root.pricePerTokenNano,
    reservedNano: ledger.totals().reservedNano,
    ownerTonNano: view.ownerTonNano,
    pending: view.pending.length,
    outdated: view.outdated
  }
}

/** What there is, what was taken, what the proxy may take (signed), what requests hold back; each as a bar of the largest. */
function picture(view: ChannelView, ledger: Ledger): string {
  const summary = summaryOf(view, ledger)
  const price = view.root.pricePerTokenNano
  const rows: readonly (readonly [string, bigint])[] = [
    ['balance', summary.balanceNano],
    ['stake', summary.stakeNano],
    ['charged', summary.chargedTokens * price],
    ['signed', summary.unsettledNano],
    ['reserved', summary.reservedNano],
    ['wallet', summary.ownerTonNano]
  ]
  const most = rows.reduce((largest, [, nano]) => (nano > largest ? nano : largest), 1n)
  const lines = rows.map(
    ([label, nano]) => `  ${label.padEnd(9)}${'█'.repeat(Number((nano * 30n) / most)).padEnd(31)}${formatTon(nano)}`
  )
  const notes = [
    ...(summary.pending > 0 ? [`  ${summary.pending} message(s) whose end is not known`] : []),
    ...(summary.outdated ? ['  made for earlier params: the proxy leaves this contract'] : [])
  ]
  return `channel ${summary.contract}: ${summary.phase}\n${[...lines, ...notes].join('\n')}\n`
}
