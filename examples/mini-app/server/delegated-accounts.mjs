/**
 * Channels that the developer pays for and users spend from: one owner wallet per user, all of one key of the
 * developer's, and a fresh secret each. The page gets owner and secret; what it can spend is what lies in the channel.
 *
 * The devnet opens their channels on its chain when it starts. On a real network `prepareDelegatedChannel` of `cocoonkit/ton` makes the same
 * pair, and opens and funds the channel from the developer's wallet.
 *
 * @module
 */
import { createAccount, openStandardWallet } from 'cocoonkit/ton'

/** Most users of one run. */
const POOL = 8

/** @param {{ capNano: bigint }} options - What lies in each channel. */
export async function createDelegatedAccounts({ capNano }) {
  const random = { bytes: (length) => crypto.getRandomValues(new Uint8Array(length)) }
  // Stands for the public key of the developer's signer; the devnet moves no coins.
  const publicKey = random.bytes(32)
  const pool = []
  for (let subwallet = 1; subwallet <= POOL; subwallet++) {
    const { address } = await openStandardWallet({ version: 'v5r1', publicKey, subwallet, testnet: true })
    const { owner, secret } = createAccount(address, random)
    pool.push({ owner, secret, secretHex: toHex(secret) })
  }
  const byUser = new Map()
  return {
    /** The account of a user; `undefined` when all are taken, and the page goes through the gateway. */
    of(userId) {
      if (!byUser.has(userId) && byUser.size < POOL) byUser.set(userId, pool[byUser.size])
      return byUser.get(userId)
    },
    /** For `startDevnet({ accounts })`. */
    forDevnet: () => pool.map(({ owner, secret }) => ({ owner, secret, balanceNano: capNano, stakeNano: capNano }))
  }
}

function toHex(bytes) {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}
