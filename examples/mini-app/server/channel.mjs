/**
 * A user's channel as the chain has it.
 *
 * @module
 */
import { parseClientState } from 'cocoonkit/ton'

/**
 * @param {{ owner: string }} account
 * @param {object} chain - The devnet's. On a real network: a reader such as `toncenterV3`, and the address that
 *   `deriveClientContract` makes of the registry's root and proxy.
 */
export function channelOf({ owner }, chain) {
  const contract = chain.proxies[0].clientAddress(owner)
  return {
    /** Its contract. */
    contract,
    /** All that was ever paid in. What of it is used up, the proxy tells the page with each answer. */
    async capNano() {
      const { data } = await chain.reader.getAccount(contract)
      const { balanceNano, tokensUsed, pricePerTokenNano } = parseClientState(data)
      return balanceNano + tokensUsed * pricePerTokenNano
    }
  }
}
