/**
 * A top-up for a wallet to sign, built by the library: the message that the client contract takes, in the form of
 * TON Connect. Anybody may top up a channel, so that the user's own wallet can.
 *
 * @module
 */
import { CocoonError } from 'cocoonkit'
import { encodeClientMessage, MIN_MESSAGE_VALUE_NANO, tonConnectRequest } from 'cocoonkit/ton'

/** What is added to the channel. The caller's own figure, shown before anything is signed. */
const AMOUNT_NANO = 500_000n
/** For what the contract may lack for its own storage; what is left comes back to the wallet. */
const MARGIN_NANO = 50_000_000n
const VALID_SECONDS = 240

/** @param {{ channel: object, wallet: unknown }} options */
export function createTopUp({ channel, wallet }) {
  if (typeof wallet !== 'string' || !/^0:[0-9a-f]{64}$/i.test(wallet))
    throw new CocoonError('ERR_REQUEST_INVALID', 'wallet must be a raw address', { httpStatus: 400 })
  const body = encodeClientMessage({
    type: 'top-up',
    queryId: BigInt(Date.now()),
    amountNano: AMOUNT_NANO,
    excess: wallet
  })
  const message = {
    to: channel.identity.contract,
    // What is above the amount pays for fees; the rest comes back to the wallet.
    valueNano: MIN_MESSAGE_VALUE_NANO + MARGIN_NANO + AMOUNT_NANO,
    bounce: true,
    body
  }
  const validUntilUnix = Math.floor(Date.now() / 1000) + VALID_SECONDS
  return {
    request: tonConnectRequest(wallet, [message], { validUntilUnix, testnet: true }),
    amountNano: String(AMOUNT_NANO),
    valueNano: String(message.valueNano)
  }
}
