/**
 * Plain transfers between wallets: a sponsor funds the owner wallet of a delegated channel, and takes back what is left.
 * The same rules as for channels: the caller's amount, a cap, a record before the send, one at a time.
 *
 * @module
 */
import { bytesToHex } from '../../encoding/index.js'
import { CocoonError } from '../../errors.js'
import { throwIfAborted } from '../../runtime/shared/index.js'
import { encodeWalletNote, rawAddress, readMessageHeader, type AddressInput } from '../contracts/index.js'
import type { ChannelEnvironment, Confirmation, SentMessage } from './channel.js'
import { settleOnce } from './settle-once.js'
import type { Signer } from './signer.js'

/** A transfer. */
export interface Transfer extends Pick<Confirmation, 'valueNano' | 'capNano' | 'limits' | 'signal'> {
  readonly to: AddressInput
}

type Environment = Pick<ChannelEnvironment, 'reader' | 'ledger' | 'clock' | 'random' | 'messageLifetimeSeconds'>

/**
 * Sends coins to a wallet, non-bounceable so that an undeployed one keeps them. The body is an `excesses` note whose query
 * id makes the transfer recognisable; wallets ignore it.
 *
 * @throws CocoonError `ERR_OPTIONS` | `ERR_LIMIT_EXCEEDED` | `ERR_CHANNEL_STATE` while another transfer to it is pending |
 * the signer's error; `charged: 'unknown'` means that it may still be executed.
 */
export async function sendTransfer(signer: Signer, transfer: Transfer, environment: Environment): Promise<SentMessage> {
  const { ledger, clock, random } = environment
  const { valueNano, capNano } = transfer
  if (typeof valueNano !== 'bigint' || typeof capNano !== 'bigint' || valueNano <= 0n)
    throw new CocoonError('ERR_OPTIONS', 'valueNano and capNano must be amounts in nanotons', {
      phase: 'options',
      field: 'valueNano'
    })
  if (valueNano > capNano)
    throw new CocoonError('ERR_LIMIT_EXCEEDED', 'the value exceeds the cap of this call', {
      phase: 'channel',
      field: 'capNano'
    })
  const contract = rawAddress(transfer.to)
  const queryId = BigInt(`0x${bytesToHex(random.bytes(8))}`)
  const lifetime = Math.min(3600, Math.max(60, environment.messageLifetimeSeconds ?? 300))
  const validUntilUnix = signer.enforcesValidity ? Math.floor(clock.now() / 1000) + lifetime : 0xffffffff
  const id = `transfer:${bytesToHex(random.bytes(16))}`
  await ledger.reserve({ id, amountNano: valueNano, recipient: contract, purpose: 'transfer' }, transfer.limits)
  try {
    await ledger.recordIntent({ id, kind: 'transfer', contract, queryId, valueNano, validUntilUnix }, (entries) => {
      if (entries.some((entry) => entry.outcome === null || entry.outcome.result === 'sent'))
        throw new CocoonError('ERR_CHANNEL_STATE', 'a message to this wallet is pending', { phase: 'channel' })
    })
  } catch (error) {
    await ledger.release(id)
    throw error
  }
  try {
    throwIfAborted(transfer.signal, 'channel')
    await signer.send(
      [{ to: contract, valueNano, bounce: false, body: encodeWalletNote({ type: 'excesses', queryId }) }],
      { validUntilUnix, signal: transfer.signal }
    )
  } catch (error) {
    if (CocoonError.is(error) && error.charged === 'no') {
      await ledger.recordOutcome(id, 'refused')
      await ledger.release(id)
      throw error
    }
    throw new CocoonError('ERR_CHAIN_UNAVAILABLE', 'the transfer may have left; trackTransfers() finds out', {
      phase: 'channel',
      charged: 'unknown',
      cause: error
    })
  }
  await ledger.recordOutcome(id, 'sent')
  return { id, queryId, validUntilUnix }
}

/** Looks for pending transfers to a wallet on chain. @returns How many are still pending. @throws CocoonError `ERR_CHAIN_*` | `ERR_LEDGER`. */
export async function trackTransfers(to: AddressInput, environment: Environment): Promise<number> {
  const { reader, ledger, clock } = environment
  await ledger.refresh()
  const contract = rawAddress(to)
  const pending = ledger
    .journal(contract)
    .filter((entry) => entry.intent.kind === 'transfer' && (entry.outcome === null || entry.outcome.result === 'sent'))
  if (pending.length === 0) return 0
  const transactions = await reader.getTransactions(contract, { limit: 50 })
  let open = 0
  for (const { intent } of pending) {
    const arrived = transactions.some(
      (transaction) =>
        transaction.inMessage !== null && readMessageHeader(transaction.inMessage.body)?.queryId === intent.queryId
    )
    const expired = intent.validUntilUnix !== 0xffffffff && clock.now() / 1000 > intent.validUntilUnix + 120
    if (!arrived && (!expired || transactions.length === 50)) {
      open++
      continue
    }
    await ledger.recordOutcome(intent.id, arrived ? 'done' : 'expired')
    await settleOnce(ledger, intent.id, arrived ? intent.valueNano : 0n)
  }
  return open
}
