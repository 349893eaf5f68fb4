/**
 * The commands. A new one is a file in commands/ and a line here; its code is loaded only when it runs.
 *
 * @module
 */
import type { Command } from './command.js'

/** A command that is loaded on demand. */
export interface RegisteredCommand {
  readonly name: string
  /** One line for the list of commands. */
  readonly summary: string
  load(): Promise<Command>
}

/** In the order of the help. */
export const COMMANDS: readonly RegisteredCommand[] = [
  {
    name: 'chat',
    summary: 'ask a model and watch the answer stream',
    load: async () => (await import('./commands/chat.js')).chatCommand
  },
  {
    name: 'models',
    summary: 'the live market: models, workers, load, coefficients, prices',
    load: async () => (await import('./commands/models.js')).modelsCommand
  },
  {
    name: 'verify',
    summary: 'judge the evidence of a proxy, or of a proof bundle, and print the report',
    load: async () => (await import('./commands/verify.js')).verifyCommand
  },
  {
    name: 'doctor',
    summary: 'find out what stands between this machine and a proxy',
    load: async () => (await import('./commands/doctor.js')).doctorCommand
  },
  {
    name: 'serve',
    summary: 'OpenAI’s API on this machine: any tool that takes a base URL can use the network',
    load: async () => (await import('./commands/serve.js')).serveCommand
  },
  {
    name: 'channel',
    summary: 'open, status, topup, charge, withdraw or close a payment channel',
    load: async () => (await import('./commands/channel.js')).channelCommand
  },
  {
    name: 'receipts',
    summary: 'list and sum the receipts of a ledger file, or export them as CSV',
    load: async () => (await import('./commands/receipts.js')).receiptsCommand
  },
  {
    name: 'audit',
    summary: 'recompute every receipt of a ledger file from stored bytes',
    load: async () => (await import('./commands/audit.js')).auditCommand
  },
  {
    name: 'quote',
    summary: 'what a request would cost at most, and what is to be expected',
    load: async () => (await import('./commands/quote.js')).quoteCommand
  },
  {
    name: 'plan',
    summary: 'TON a day, stake, concurrency and proxies for a load',
    load: async () => (await import('./commands/plan.js')).planCommand
  },
  {
    name: 'devnet',
    summary: 'run a whole network on this machine, without coins or GPU',
    load: async () => (await import('./commands/devnet.js')).devnetCommand
  }
]
