/**
 * What a ledger stores: one JSON object a record, amounts as decimal text. Readers skip kinds they do not know, so that an
 * older version can share a ledger with a newer one; a known kind that does not parse is an error.
 *
 * @module
 */
import { decodeUtf8Strict, encodeUtf8 } from '../../encoding/index.js'
import { CocoonError } from '../../errors.js'

/** Money set aside before it is spent. */
export interface ReserveRecord {
  readonly type: 'reserve'
  readonly id: string
  readonly atMs: number
  readonly amountNano: bigint
  /** Whom it goes to, e.g. a proxy contract's raw address. */
  readonly recipient: string
  /** What for, in the caller's words; never a prompt. */
  readonly purpose: string
}

/** The end of a reservation: what was really spent; 0 when nothing was. */
export interface SettleRecord {
  readonly type: 'settle'
  readonly id: string
  readonly atMs: number
  readonly spentNano: bigint
}

/** Settled spends of a log that was compacted, summed up. */
export interface SpentRecord {
  readonly type: 'spent'
  readonly atMs: number
  readonly recipient: string
  readonly spentNano: bigint
}

/** The newest time that a compacted log had seen; time does not go back behind it. */
export interface TimeRecord {
  readonly type: 'time'
  readonly atMs: number
}

/** A chain message, written before it is sent. */
export interface IntentRecord {
  readonly type: 'intent'
  readonly id: string
  readonly atMs: number
  readonly kind: string
  /** Raw address of the client contract. */
  readonly contract: string
  /** Query id of the message. */
  readonly queryId: bigint
  readonly valueNano: bigint
  /** Unix seconds after which the message cannot be executed any more. */
  readonly validUntilUnix: number
}

/** What became of a chain message. */
export interface OutcomeRecord {
  readonly type: 'outcome'
  readonly id: string
  readonly atMs: number
  /** `sent`: handed over. `refused`: the signer certainly did not send. The others were seen on chain, or can no longer happen. */
  readonly result: 'sent' | 'refused' | 'done' | 'failed' | 'expired'
  /** Exit code of the contract, for `failed`. */
  readonly exitCode?: number | undefined
}

/** A signed charge that was verified and is higher than any before it. */
export interface ChargeRecord {
  readonly type: 'charge'
  readonly atMs: number
  readonly contract: string
  readonly tokens: bigint
  /** Hex of the bag of cells, so that it can be submitted and checked again. */
  readonly boc: string
}

/** A receipt as JSON text; see receipts.ts. */
export interface ReceiptRecord {
  readonly type: 'receipt'
  readonly id: string
  readonly atMs: number
  readonly receipt: string
}

/** Any record. */
export type LedgerRecord =
  | ReserveRecord
  | SettleRecord
  | SpentRecord
  | TimeRecord
  | IntentRecord
  | OutcomeRecord
  | ChargeRecord
  | ReceiptRecord

/** Fields that are `bigint` in JavaScript and decimal text in storage. */
const AMOUNT_FIELDS = ['amountNano', 'spentNano', 'valueNano', 'queryId', 'tokens'] as const
const REQUIRED: Readonly<Record<LedgerRecord['type'], readonly string[]>> = {
  reserve: ['id', 'atMs', 'amountNano', 'recipient', 'purpose'],
  settle: ['id', 'atMs', 'spentNano'],
  spent: ['atMs', 'recipient', 'spentNano'],
  time: ['atMs'],
  intent: ['id', 'atMs', 'kind', 'contract', 'queryId', 'valueNano', 'validUntilUnix'],
  outcome: ['id', 'atMs', 'result'],
  charge: ['atMs', 'contract', 'tokens', 'boc'],
  receipt: ['id', 'atMs', 'receipt']
}
const NUMBER_FIELDS = new Set(['atMs', 'validUntilUnix'])
/** Longest record that is read. */
const MAX_RECORD_BYTES = 1_048_576

/** A ledger that cannot be read or written. */
export function ledgerError(message: string, cause?: unknown): CocoonError {
  return new CocoonError('ERR_LEDGER', message, { phase: 'ledger', cause })
}

/** Bytes of a record. */
export function encodeRecord(record: LedgerRecord): Uint8Array {
  const fields: Record<string, unknown> = { ...record }
  for (const name of AMOUNT_FIELDS) if (typeof fields[name] === 'bigint') fields[name] = String(fields[name])
  return encodeUtf8(JSON.stringify(fields))
}

/** A record from bytes; `null` for a kind that this version does not know. @throws CocoonError `ERR_LEDGER`. */
export function decodeRecord(bytes: Uint8Array): LedgerRecord | null {
  if (bytes.length > MAX_RECORD_BYTES) throw ledgerError('a record is too large')
  let value: unknown
  try {
    value = JSON.parse(decodeUtf8Strict(bytes)) as unknown
  } catch (cause) {
    throw ledgerError('a record is not JSON', cause)
  }
  if (typeof value !== 'object' || value === null) throw ledgerError('a record is not an object')
  const fields = value as Record<string, unknown>
  const type = String(fields['type'])
  if (!Object.hasOwn(REQUIRED, type)) return null
  for (const name of REQUIRED[type as LedgerRecord['type']]) {
    const field = fields[name]
    if ((AMOUNT_FIELDS as readonly string[]).includes(name)) {
      if (typeof field !== 'string' || !/^\d{1,40}$/.test(field)) throw ledgerError(`a ${type} record lacks ${name}`)
      fields[name] = BigInt(field)
    } else if (typeof field !== (NUMBER_FIELDS.has(name) ? 'number' : 'string'))
      throw ledgerError(`a ${type} record lacks ${name}`)
  }
  return fields as unknown as LedgerRecord
}
