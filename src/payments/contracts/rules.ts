/**
 * Numbers that the deployed contracts enforce: least values, what they keep, exit codes, cost. Source: payments.md §2, §5,
 * contracts.md §4, all run against the mainnet code.
 *
 * @module
 */
import type { ClientMessageType } from './client-messages.js'

/** One TON in nanotons. */
export const NANO_PER_TON = 1_000_000_000n

/** Least value of any message, beside the amount that it credits; less is exit code 1003. */
export const MIN_MESSAGE_VALUE_NANO = 100_000_000n

/** What a client contract keeps of its own TON; missing TON is exit code 1001. */
export const MIN_CONTRACT_TON_NANO = 110_000_000n

/** Least value of a message that also deploys, beside the amount that it credits: 0.21 TON. */
export const MIN_DEPLOY_VALUE_NANO: bigint = MIN_MESSAGE_VALUE_NANO + MIN_CONTRACT_TON_NANO

/**
 * What plans add to the least that the contract demands: a year of storage, which is taken from the contract before it
 * looks, or the forwarding fee of wallets that take it out of the value (the network's own does: 0.0006 TON, with a
 * StateInit 0.0082). It comes back.
 */
export const VALUE_MARGIN_NANO = 20_000_000n

/** What a granted refund leaves in a client contract; the rest of its TON goes to the grant's excess address. */
export const GRANT_LEAVES_NANO = 10_000_000n

/** Net cost of each message (gas and forwarding, without the sender's own wallet fee), rounded up. */
export const NET_COST_NANO: Readonly<Record<ClientMessageType | 'charge' | 'grant', bigint>> = {
  register: 6_000_000n,
  'top-up': 10_500_000n,
  'change-secret-and-top-up': 10_500_000n,
  'change-secret': 6_200_000n,
  'increase-stake': 6_200_000n,
  withdraw: 12_200_000n,
  'request-refund': 13_000_000n,
  charge: 7_800_000n,
  grant: 14_100_000n
}

/** Storage cost of a client contract, nanotons per year, rounded up. */
export const STORAGE_COST_PER_YEAR_NANO = 17_500_000n

/** Code hashes of client contracts whose accepted struct version was established by running them. */
export const KNOWN_CLIENT_CODES: Readonly<Record<string, { readonly structVersion: number }>> = {
  b81f091aee4e88708650755a859cfa436d2c968726b85b0569911bb734dd77d3: { structVersion: 4 }
}

/** Exit codes of the contracts and what they mean. */
export const EXIT_CODES: Readonly<Record<number, string>> = {
  5: 'the proxy contract is short of TON',
  9: 'the body is too short or has trailing data',
  34: 'bad address in an outgoing message',
  37: 'not enough TON for an outgoing message',
  1000: 'old charge: the total is not above what was charged already',
  1001: 'contract TON too low, or nothing to withdraw',
  1003: 'message value too low, or stake not greater than the present one',
  1004: 'format error',
  1005: 'signed payload and outer message differ',
  1006: 'wrong state: the contract is closing or closed',
  1007: 'bad signature',
  1008: 'struct version not accepted by this code',
  1009: 'not the owner',
  1010: 'not the owner',
  1011: 'not unlocked yet',
  1012: 'unknown operation',
  1013: 'unknown text command',
  1014: 'the sender is not the derived contract',
  1015: 'the payload is for another contract',
  1030: 'wallet: message expired',
  1031: 'wallet: blocked',
  1032: 'wallet: wrong seqno',
  1033: 'wallet: wrong subwallet',
  1034: 'wallet: bad signature',
  1035: 'wallet: balance below 2 TON',
  1040: 'wallet: operation not accepted from this sender',
  1041: 'wallet: unknown operation of the owner'
}

/** Meaning of an exit code. */
export function describeExitCode(code: number): string {
  return EXIT_CODES[code] ?? `unknown exit code ${code}`
}
