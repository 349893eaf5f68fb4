/**
 * Account states as an API tells them, without a proof.
 *
 * @module
 */
import { badResponse } from './errors.js'
import type { JsonFields } from './fields.js'
import type { AccountState, AccountStatus } from './types.js'

const STATUSES: Readonly<Record<string, AccountStatus>> = {
  active: 'active',
  uninit: 'uninit',
  frozen: 'frozen',
  nonexist: 'absent'
}

/** Reads the code or the data of an account; `null` when it is missing. */
export type ReadBoc = (fields: JsonFields, field: string) => Uint8Array | null

/**
 * Reads what toncenter v3 and tonapi say alike: `status`, `balance`, `last_transaction_lt`, `last_transaction_hash`.
 *
 * @param boc - Names of the fields with code and data, and how they are written.
 * @throws CocoonError `ERR_CHAIN_RESPONSE`.
 */
export function toldState(
  source: string,
  fields: JsonFields,
  address: string,
  boc: { readonly code: string; readonly data: string; readonly read: ReadBoc },
  nowMs: number
): AccountState {
  const text = fields.text('status')
  const status = Object.hasOwn(STATUSES, text) ? STATUSES[text] : undefined
  if (status === undefined) throw badResponse(source, 'unknown account status')
  const balanceNano = fields.big('balance')
  if (balanceNano < 0n) throw badResponse(source, 'a negative balance')
  const active = status === 'active'
  return {
    address,
    status,
    balanceNano,
    code: active ? boc.read(fields, boc.code) : null,
    data: active ? boc.read(fields, boc.data) : null,
    lastTransaction: fields.has('last_transaction_hash')
      ? { lt: fields.big('last_transaction_lt'), hash: fields.hash('last_transaction_hash') }
      : null,
    asOfMs: nowMs,
    trust: [toldBy(source)]
  }
}

/** An account that the source says does not exist. */
export function absentState(source: string, address: string, nowMs: number): AccountState {
  return {
    address,
    status: 'absent',
    balanceNano: 0n,
    code: null,
    data: null,
    lastTransaction: null,
    asOfMs: nowMs,
    trust: [toldBy(source)]
  }
}

/** The line of {@link AccountState.trust} for an unproved state. */
export function toldBy(source: string): string {
  return `account state as ${source} tells it`
}
