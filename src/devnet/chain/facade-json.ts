/**
 * JSON shapes of toncenter's answers.
 *
 * @module
 */
import { Address, type Cell, type Message, type Transaction, type TupleItem } from '@ton/core'
import type { LocalAccount, LocalBlock } from './local-chain.js'

const ZERO_HASH = Buffer.alloc(32).toString('base64')
const MASTERCHAIN_SHARD = '-9223372036854775808'

function base64(hex: string): string {
  return Buffer.from(hex, 'hex').toString('base64')
}

function bocText(cell: Cell | null): string {
  return cell === null ? '' : cell.toBoc({ idx: false, crc32: false }).toString('base64')
}

/** `ton.blockIdExt`. */
export function blockV2(block: LocalBlock): Record<string, unknown> {
  return {
    '@type': 'ton.blockIdExt',
    workchain: -1,
    shard: MASTERCHAIN_SHARD,
    seqno: block.seqno,
    root_hash: base64(block.rootHash),
    file_hash: base64(block.fileHash)
  }
}

/** A block of v3. */
export function blockV3(block: LocalBlock): Record<string, unknown> {
  return {
    workchain: -1,
    shard: '8000000000000000',
    seqno: block.seqno,
    root_hash: base64(block.rootHash),
    file_hash: base64(block.fileHash),
    gen_utime: String(block.atUnix)
  }
}

/** `raw.fullAccountState`. */
export function accountV2(account: LocalAccount, block: LocalBlock, nowUnix: number): Record<string, unknown> {
  const state = account.status === 'active' || account.status === 'frozen' ? account.status : 'uninitialized'
  return {
    '@type': 'raw.fullAccountState',
    // The API says -1 for an account that never existed.
    balance: account.status === 'nonexist' ? '-1' : account.balanceNano.toString(),
    code: bocText(account.code),
    data: bocText(account.data),
    last_transaction_id: {
      '@type': 'internal.transactionId',
      lt: account.lastLt.toString(),
      hash: account.lastLt === 0n ? ZERO_HASH : base64(account.lastHash)
    },
    block_id: blockV2(block),
    frozen_hash: '',
    sync_utime: nowUnix,
    state
  }
}

/** An account of v3. */
export function accountV3(address: string, account: LocalAccount): Record<string, unknown> {
  const common = {
    address: Address.parse(address).toRawString().toUpperCase(),
    status: account.status,
    balance: account.balanceNano.toString()
  }
  if (account.lastLt === 0n) return common
  return {
    ...common,
    last_transaction_lt: account.lastLt.toString(),
    last_transaction_hash: base64(account.lastHash),
    ...(account.status === 'active'
      ? {
          code_boc: bocText(account.code),
          data_boc: bocText(account.data),
          code_hash: account.code?.hash().toString('base64')
        }
      : {})
  }
}

function messageV2(message: Message): Record<string, unknown> {
  const { info } = message
  const internal = info.type === 'internal' ? info : null
  return {
    '@type': 'raw.message',
    source: internal?.src.toString() ?? '',
    destination: info.type === 'external-out' ? '' : (info.dest?.toString() ?? ''),
    value: (internal?.value.coins ?? 0n).toString(),
    fwd_fee: (internal?.forwardFee ?? 0n).toString(),
    ihr_fee: '0',
    created_lt: (internal?.createdLt ?? 0n).toString(),
    body_hash: message.body.hash().toString('base64'),
    msg_data: { '@type': 'msg.dataRaw', body: bocText(message.body), init_state: '' }
  }
}

/** `raw.transaction`. */
export function transactionV2(transaction: Transaction): Record<string, unknown> {
  const { description, inMessage } = transaction
  const storage = description.type === 'generic' ? (description.storagePhase?.storageFeesCollected ?? 0n) : 0n
  const fee = transaction.totalFees.coins
  return {
    '@type': 'raw.transaction',
    utime: transaction.now,
    data: bocText(transaction.raw),
    transaction_id: {
      '@type': 'internal.transactionId',
      lt: transaction.lt.toString(),
      hash: transaction.hash().toString('base64')
    },
    fee: fee.toString(),
    storage_fee: storage.toString(),
    other_fee: (fee - storage).toString(),
    ...(inMessage ? { in_msg: messageV2(inMessage) } : {}),
    out_msgs: transaction.outMessages.values().map(messageV2)
  }
}

function messageV3(message: Message): Record<string, unknown> {
  const { info } = message
  const content = { hash: message.body.hash().toString('base64'), body: bocText(message.body), decoded: null }
  if (info.type === 'internal') {
    return {
      source: info.src.toRawString().toUpperCase(),
      destination: info.dest.toRawString().toUpperCase(),
      value: info.value.coins.toString(),
      fwd_fee: info.forwardFee.toString(),
      created_lt: info.createdLt.toString(),
      bounce: info.bounce,
      bounced: info.bounced,
      message_content: content
    }
  }
  const destination = info.type === 'external-in' ? info.dest.toRawString().toUpperCase() : null
  return { source: null, destination, value: null, message_content: content }
}

/** A transaction of v3. */
export function transactionV3(account: string, transaction: Transaction): Record<string, unknown> {
  const { description } = transaction
  const phases = description.type === 'generic' ? description : null
  const compute = phases?.computePhase
  return {
    account: Address.parse(account).toRawString().toUpperCase(),
    hash: transaction.hash().toString('base64'),
    lt: transaction.lt.toString(),
    now: transaction.now,
    total_fees: transaction.totalFees.coins.toString(),
    description: {
      type: 'ord',
      aborted: phases?.aborted ?? false,
      compute_ph:
        compute?.type === 'vm'
          ? {
              skipped: false,
              success: compute.success,
              gas_used: compute.gasUsed.toString(),
              exit_code: compute.exitCode
            }
          : { skipped: true, reason: compute?.reason ?? 'no_state' },
      ...(phases?.actionPhase
        ? { action: { success: phases.actionPhase.success, result_code: phases.actionPhase.resultCode } }
        : {})
    },
    in_msg: transaction.inMessage ? messageV3(transaction.inMessage) : null,
    out_msgs: transaction.outMessages.values().map(messageV3)
  }
}

/** One entry of a getter's stack. */
export function stackEntry(item: TupleItem): unknown {
  if (item.type === 'int')
    return ['num', `${item.value < 0n ? '-' : ''}0x${(item.value < 0n ? -item.value : item.value).toString(16)}`]
  if (item.type === 'cell' || item.type === 'slice' || item.type === 'builder')
    return ['cell', { bytes: bocText(item.cell) }]
  return ['null', {}]
}
