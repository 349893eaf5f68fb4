/**
 * `cocoonkit audit`: computes every stored receipt again from its own inputs, and reads every stored charge.
 *
 * @module
 */
import type { Receipt } from '../../ton.js'
import { type Command, flagOf } from '../command.js'
import { EXIT } from '../exit-codes.js'
import { BESIDE_DEVNET, bytesOfHex, LEDGER_OPTION, openLedgerFile } from '../money.js'
import { formatTon, printJson } from '../print.js'

/** See registry.ts. */
export const auditCommand: Command = {
  name: 'audit',
  summary: 'recompute every receipt of a ledger file from stored bytes',
  usage: '--ledger FILE | --devnet FILE',
  options: { ...LEDGER_OPTION, devnet: BESIDE_DEVNET },
  notes: ['Exit code 1 when a receipt was altered, or charges more than its own usage can cost.'],
  takesArguments: false,
  async run(values, _words, context) {
    const { auditReceipt, decodeReceipt, parseSignedCharge } = await import('../../ton.js')
    const ledger = await openLedgerFile(values)
    try {
      const receipts: Receipt[] = []
      for await (const { receipt } of ledger.readReceipts()) receipts.push(decodeReceipt(receipt))
      const results = receipts.map((receipt) => ({ requestId: receipt.requestId, ...auditReceipt(receipt) }))
      const wrong = results.filter(({ findings, altered }) => altered || findings.length > 0)
      const totalNano = receipts.reduce((total, { amountNano }) => total + (amountNano ?? 0n), 0n)
      const contracts = [...new Set(receipts.flatMap(({ contract }) => contract ?? []))]
      const charges = contracts.map((contract) => {
        const best = ledger.bestCharge(contract)
        const used = receipts.filter((receipt) => receipt.contract === contract)
        const tokens = used.reduce((total, { chargedTokens }) => total + (chargedTokens ?? 0n), 0n)
        const signed = best === null ? null : parseSignedCharge(bytesOfHex(best.boc)).tokens
        return { contract, receiptTokens: tokens, signedTokens: signed }
      })
      if (flagOf(values, 'json')) printJson(context, { receipts: receipts.length, totalNano, charges, wrong })
      else {
        context.stdout.write(`${receipts.length} receipts, ${formatTon(totalNano)}, ${wrong.length} differences\n`)
        for (const { contract, receiptTokens, signedTokens } of charges)
          context.stdout.write(`${contract}: ${receiptTokens} tokens in receipts, ${signedTokens ?? 'none'} signed\n`)
        for (const { requestId, findings, altered } of wrong) {
          const words = [...(altered ? ['altered'] : []), ...findings.map(({ statement }) => statement)]
          context.stdout.write(`${requestId}: ${words.join('; ')}\n`)
        }
      }
      return wrong.length === 0 ? EXIT.ok : EXIT.failure
    } finally {
      await ledger.close()
    }
  }
}
