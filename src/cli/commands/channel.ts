/**
 * `cocoonkit channel`: opens, shows, tops up, charges, withdraws from and closes a payment channel. Without `--yes` it only
 * prints the plan; with it, every amount has to stand on the command line.
 *
 * @module
 */
import type * as Ton from '../../ton.js'
import type { Channel, ChannelPlan, ChannelView, RiskId } from '../../ton.js'
import { type Command, flagOf, listOf, type OptionValues, textOf } from '../command.js'
import type { CliContext } from '../context.js'
import { EXIT } from '../exit-codes.js'
import {
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
    'Without --yes nothing is sent. With it, --value and --cap are needed, and every risk of the plan by its name.'
  ],
  takesArguments: true,
  async run(values, words, context) {
    const action = ACTIONS.find((name) => name === words[0])
    if (action === undefined || words.length !== 1) throw usageError(`name one of ${ACTIONS.join(', ')}`)
    const ledger = await openLedgerFile(values)
    try {
      const channel = await openChannel(values, context, ledger)
      await channel.track({ signal: context.signal })
      if (action === 'status') {
        const view = await channel.view({ signal: context.signal })
        if (flagOf(values, 'json')) printJson(context, summaryOf(view))
        else context.stdout.write(picture(view))
        return EXIT.ok
      }
      const plan = await planOf(channel, action, values, context)
      if (!flagOf(values, 'yes')) {
        if (flagOf(values, 'json')) printJson(context, plan)
        else context.stdout.write(planText(plan))
        return EXIT.ok
      }
      return await send(channel, plan, values, context)
    } finally {
      await ledger.close()
    }
  }
}

async function openChannel(
  values: OptionValues,
  context: CliContext,
  ledger: Awaited<ReturnType<typeof openLedgerFile>>
): Promise<Channel> {
  const { ed25519PublicKey, ed25519Sign, findChannel, openStandardWallet, walletSigner } = await loadTon()
  const { source, registry } = await openChain(values)
  const random = { bytes: (length: number) => crypto.getRandomValues(new Uint8Array(length)) }
  let owner = textOf(values, 'owner')
  let signer
  if (textOf(values, 'wallet-key-file') !== undefined) {
    const seed = await readKeyFile(values, 'wallet-key-file', context)
    const version = textOf(values, 'wallet-version') ?? 'v4r2'
    if (version !== 'v4r2' && version !== 'v5r1') throw usageError('--wallet-version must be v4r2 or v5r1')
    const wallet = await openStandardWallet({ version, publicKey: await ed25519PublicKey(seed) })
    signer = walletSigner({ wallet, sign: ed25519Sign(seed), reader: source, sender: source })
    owner ??= wallet.address
  }
  if (owner === undefined) throw usageError('no owner is named', 'Give --owner ADDRESS or --wallet-key-file PATH.')
  const parties = {
    owner,
    proxyOwner: requiredText(values, 'proxy-owner'),
    proxyPublicKey: requiredText(values, 'proxy-key')
  }
  return findChannel(parties, { registry, reader: source, ledger, signer, clock: cliClock, random })
}

async function loadTon(): Promise<typeof Ton & { ed25519PublicKey(seed: Uint8Array): Promise<Uint8Array> }> {
  const [ton, { default: nacl }] = await Promise.all([import('../../ton.js'), import('tweetnacl')])
  return { ...ton, ed25519PublicKey: (seed) => Promise.resolve(nacl.sign.keyPair.fromSeed(seed).publicKey) }
}

async function planOf(
  channel: Channel,
  action: Exclude<Action, 'status'>,
  values: OptionValues,
  context: CliContext
): Promise<ChannelPlan> {
  switch (action) {
    case 'open':
      return channel.open({
        depositNano: requiredAmount(values, 'amount'),
        secret: await readKeyFile(values, 'secret-key-file', context)
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

const CONFIRMATION_POLLS = 60
const POLL_MS = 2000

async function send(channel: Channel, plan: ChannelPlan, values: OptionValues, context: CliContext): Promise<number> {
  const valueNano = requiredAmount(values, 'value')
  const capNano = requiredAmount(values, 'cap')
  const acknowledge = listOf(values, 'acknowledge') as readonly RiskId[]
  const sent = await channel.send(plan, { valueNano, capNano, acknowledge, signal: context.signal })
  const say = (text: string): void => void (context.stderr.isTTY && context.stderr.write(`\r\u001b[2K${text}`))
  for (let poll = 0; poll < CONFIRMATION_POLLS && !context.signal.aborted; poll++) {
    const outcome = (await channel.track({ signal: context.signal })).find(({ id }) => id === sent.id)
    if (outcome !== undefined && outcome.result !== 'pending') {
      say('')
      const view = await channel.view({ signal: context.signal })
      if (flagOf(values, 'json')) printJson(context, { ...sent, ...outcome, channel: summaryOf(view) })
      else
        context.stdout.write(
          `${outcome.kind}: ${outcome.result}${outcome.result === 'done' || outcome.exitCode === undefined ? '' : `, exit code ${outcome.exitCode}`}\n${picture(view)}`
        )
      return outcome.result === 'done' ? EXIT.ok : EXIT.failure
    }
    say(`${plan.action.kind}: sent, waiting for the chain, ${poll * (POLL_MS / 1000)} s …`)
    await new Promise<void>((resolve) => {
      setTimeout(resolve, POLL_MS)
      context.signal.addEventListener('abort', () => resolve(), { once: true })
    })
  }
  say('')
  context.stderr.write('The message was sent and its end is not known yet; channel status finds out.\n')
  return EXIT.timeout
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
  readonly ownerTonNano: bigint
  readonly pending: number
  readonly outdated: boolean
}

function summaryOf(view: ChannelView): Summary {
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
    ownerTonNano: view.ownerTonNano,
    pending: view.pending.length,
    outdated: view.outdated
  }
}

/** Balance, stake and what is signed, each as a bar of the largest. */
function picture(view: ChannelView): string {
  const summary = summaryOf(view)
  const price = view.root.pricePerTokenNano
  const rows: readonly (readonly [string, bigint])[] = [
    ['balance', summary.balanceNano],
    ['stake', summary.stakeNano],
    ['charged', summary.chargedTokens * price],
    ['reserved', summary.unsettledNano],
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
