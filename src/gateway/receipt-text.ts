/**
 * Receipts of a gateway as text for a ledger: JSON, amounts as decimal text.
 *
 * @module
 */
import type { TokensUsed } from '../runtime/ports/inference.js'
import type { GatewayReceipt } from './events.js'

/** Tells these receipts from others in the same ledger. */
const SCHEMA = 'cocoonkit.gateway-receipt.v1'
const AMOUNT = /^\d{1,40}$/

/** Text of a receipt. */
export function encodeGatewayReceipt(receipt: GatewayReceipt): string {
  return JSON.stringify({ schema: SCHEMA, ...receipt }, (_name, value: unknown) =>
    typeof value === 'bigint' ? value.toString() : value
  )
}

/** The receipt of a text, or `undefined` for what is none of ours. */
export function decodeGatewayReceipt(text: string): GatewayReceipt | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  const { schema, spentNano, tokensUsed, ...rest } = Object(value) as Record<string, unknown>
  if (schema !== SCHEMA || typeof spentNano !== 'string' || !AMOUNT.test(spentNano)) return undefined
  const tokens = tokensUsed === undefined ? undefined : decodeTokens(tokensUsed)
  return {
    ...(rest as unknown as GatewayReceipt),
    spentNano: BigInt(spentNano),
    ...(tokens !== undefined && { tokensUsed: tokens })
  }
}

function decodeTokens(value: unknown): TokensUsed | undefined {
  const entries = Object.entries(Object(value) as Record<string, unknown>)
  if (!entries.every(([, amount]) => typeof amount === 'string' && AMOUNT.test(amount))) return undefined
  return Object.fromEntries(entries.map(([name, amount]) => [name, BigInt(amount as string)])) as unknown as TokensUsed
}
