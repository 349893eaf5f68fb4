/**
 * Receipts: what one request cost, said by the proxy and computed again by us from the answer's own usage. Pure.
 *
 * A client does not learn which worker served it, so it does not always know the worker's coefficient. What always holds is
 * an upper bound: the coefficient that the request allowed. Source of the arithmetic: pricing.md, through payments/pricing.
 *
 * @module
 */
import { CocoonError } from '../../errors.js'
import type { TokensUsed } from '../../runtime/ports/inference.js'
import type { Finding, FindingId, Receipt, ReceiptInput } from '../../runtime/ports/request-receipt.js'
import { priceTokens } from '../pricing/index.js'

export type { Finding, FindingId, Receipt, ReceiptInput }

/** Doubles may round each of the four classes the other way on another machine (gaps.md C13). */
const TOLERANCE_TOKENS = 4n

function finding(id: FindingId, statement: string, excessTokens = 0n): Finding {
  return { id, statement, excessTokens }
}

function chargeFindings(input: ReceiptInput, recomputed: TokensUsed | null): readonly Finding[] {
  const charged = input.chargedTokens ?? input.reported?.total ?? null
  if (charged === null || charged === 0n || input.bodyRead === false) return []
  if (recomputed === null)
    return [finding('charged-without-usage', `${charged} tokens are charged for an answer without usage`, charged)]
  const excess = charged - recomputed.total
  if (input.coefficient === undefined) {
    if (excess <= TOLERANCE_TOKENS) return []
    return [
      finding(
        'charged-above-limit',
        `${charged} tokens are charged; at the allowed coefficient at most ${recomputed.total} are due`,
        excess
      )
    ]
  }
  const distance = excess < 0n ? -excess : excess
  if (distance <= TOLERANCE_TOKENS) return []
  return [
    finding('charged-differs', `${charged} tokens are charged; ${recomputed.total} are due`, excess > 0n ? excess : 0n)
  ]
}

function consistencyFindings(input: ReceiptInput): readonly Finding[] {
  const findings: Finding[] = []
  const { reported, chargedTokens, totalBefore, totalAfter, signedAfter, signedBefore } = input
  if (reported !== null) {
    const sum = reported.prompt + reported.cached + reported.completion + reported.reasoning
    if (sum !== reported.total)
      findings.push(finding('report-not-a-sum', `the classes add up to ${sum}, the total says ${reported.total}`))
    if (chargedTokens !== null && chargedTokens !== reported.total) {
      const excess = chargedTokens - reported.total
      findings.push(
        finding(
          'charged-unlike-reported',
          `${chargedTokens} tokens are charged, ${reported.total} are reported`,
          excess > 0n ? excess : 0n
        )
      )
    }
  }
  if (totalBefore !== null && totalAfter !== null && totalAfter < totalBefore)
    findings.push(finding('counter-decreased', `the total fell from ${totalBefore} to ${totalAfter}`))
  if (signedAfter !== null && totalAfter !== null && signedAfter > totalAfter) {
    findings.push(
      finding(
        'signed-above-total',
        `${signedAfter} tokens are signed, ${totalAfter} were used`,
        signedAfter - totalAfter
      )
    )
  }
  if (signedBefore !== null && signedAfter !== null && signedAfter < signedBefore)
    findings.push(finding('signed-decreased', `the signed total fell from ${signedBefore} to ${signedAfter}`))
  return findings
}

/** Makes a receipt and looks for differences. */
export function makeReceipt(input: ReceiptInput): Receipt {
  const coefficient = input.coefficient ?? input.maxCoefficient
  const recomputed =
    input.usage === null || input.bodyRead === false
      ? null
      : priceTokens(input.usage, coefficient, input.prices.multipliers)
  const charged = input.chargedTokens ?? input.reported?.total ?? null
  return {
    schema: 'cocoonkit.receipt.v1',
    ...input,
    recomputed,
    amountNano: charged === null ? null : charged * input.prices.pricePerTokenNano,
    findings: [...chargeFindings(input, recomputed), ...consistencyFindings(input)]
  }
}

/** JSON text of a receipt: amounts as `"123n"`, so that reading it back needs no schema. */
export function encodeReceipt(receipt: Receipt): string {
  return JSON.stringify(plain(receipt))
}

/** The same with amounts as text. Faster than a replacer, which is called for every field. */
function plain(value: object): object {
  if (Array.isArray(value)) return value.map((item: object) => plain(item))
  const fields = { ...value } as Record<string, unknown>
  for (const name of Object.keys(fields)) {
    const field = fields[name]
    if (typeof field === 'bigint') fields[name] = `${field}n`
    else if (typeof field === 'object' && field !== null) fields[name] = plain(field)
  }
  return fields
}

/** Reads a stored receipt. @throws CocoonError `ERR_LEDGER`. */
export function decodeReceipt(text: string): Receipt {
  try {
    const value = JSON.parse(text, (_key, item: unknown) =>
      typeof item === 'string' && /^-?\d{1,40}n$/.test(item) ? BigInt(item.slice(0, -1)) : item
    ) as Receipt
    if (value?.schema !== 'cocoonkit.receipt.v1') throw new Error('schema')
    return value
  } catch (cause) {
    throw new CocoonError('ERR_LEDGER', 'a stored receipt does not parse', { phase: 'ledger', cause })
  }
}

/**
 * Computes a stored receipt again from its own inputs: the independent check behind `audit`.
 *
 * @returns What is found now, and whether the stored results differ from it (a receipt that was edited, or another
 * version's arithmetic).
 */
export function auditReceipt(stored: Receipt): { readonly findings: readonly Finding[]; readonly altered: boolean } {
  const { schema: _schema, recomputed, amountNano, findings, ...input } = stored
  const again = makeReceipt(input)
  const text = (value: unknown): string =>
    JSON.stringify(value, (_key, item: unknown) => (typeof item === 'bigint' ? `${item}n` : item))
  const altered =
    text([again.recomputed, again.amountNano, again.findings]) !== text([recomputed, amountNano, findings])
  return { findings: again.findings, altered }
}
