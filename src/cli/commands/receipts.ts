/**
 * `cocoonkit receipts`: lists and sums what requests cost, from a ledger file.
 *
 * @module
 */
import type { Receipt } from '../../ton.js'
import { type Command, flagOf } from '../command.js'
import { EXIT } from '../exit-codes.js'
import { BESIDE_DEVNET, LEDGER_OPTION, openLedgerFile } from '../money.js'
import { formatTable, formatTon, printable, printJson } from '../print.js'

/** See registry.ts. */
export const receiptsCommand: Command = {
  name: 'receipts',
  summary: 'list and sum the receipts of a ledger file, or export them as CSV',
  usage: '--ledger FILE | --devnet FILE [--csv]',
  options: {
    ...LEDGER_OPTION,
    devnet: BESIDE_DEVNET,
    csv: { type: 'boolean', description: 'comma-separated values on standard output' }
  },
  takesArguments: false,
  async run(values, _words, context) {
    const { decodeReceipt } = await import('../../ton.js')
    const ledger = await openLedgerFile(values)
    try {
      const receipts: Receipt[] = []
      for await (const { receipt } of ledger.readReceipts()) receipts.push(decodeReceipt(receipt))
      if (flagOf(values, 'csv')) context.stdout.write(csv(receipts))
      else if (flagOf(values, 'json')) printJson(context, { receipts, totalNano: sum(receipts) })
      else context.stdout.write(`${table(receipts)}\n${receipts.length} receipts, ${formatTon(sum(receipts))}\n`)
      return EXIT.ok
    } finally {
      await ledger.close()
    }
  }
}

function sum(receipts: readonly Receipt[]): bigint {
  return receipts.reduce((total, { amountNano }) => total + (amountNano ?? 0n), 0n)
}

function table(receipts: readonly Receipt[]): string {
  return formatTable(
    ['time', 'model', 'outcome', 'tokens', 'at most', 'cost', 'findings'],
    receipts.map((receipt) => [
      new Date(receipt.atMs).toISOString(),
      printable(receipt.model),
      receipt.outcome,
      String(receipt.chargedTokens ?? '–'),
      String(receipt.recomputed?.total ?? '–'),
      receipt.amountNano === null ? '–' : formatTon(receipt.amountNano),
      receipt.findings.map(({ id }) => id).join(' ')
    ])
  )
}

const COLUMNS = [
  'requestId',
  'atMs',
  'model',
  'peer',
  'contract',
  'attestationId',
  'outcome',
  'chargedTokens',
  'amountNano',
  'totalBefore',
  'totalAfter',
  'signedBefore',
  'signedAfter'
] as const satisfies ReadonlyArray<keyof Receipt>

function csv(receipts: readonly Receipt[]): string {
  // A cell that begins like a formula is none: names of models come from peers.
  const cell = (value: string | number | bigint | boolean | null | undefined): string => {
    const text = value === null || value === undefined ? '' : printable(String(value))
    return `"${(/^[=+\-@]/.test(text) ? `'${text}` : text).replaceAll('"', '""')}"`
  }
  const head = [...COLUMNS, 'prompt', 'cached', 'completion', 'reasoning', 'findings'].map(cell).join(',')
  const lines = receipts.map((receipt) => {
    const { prompt, cached, completion, reasoning } = receipt.usage ?? {}
    const findings = receipt.findings.map(({ id }) => id).join(' ')
    return [...COLUMNS.map((name) => receipt[name]), prompt, cached, completion, reasoning, findings]
      .map(cell)
      .join(',')
  })
  return `${[head, ...lines].join('\r\n')}\r\n`
}
