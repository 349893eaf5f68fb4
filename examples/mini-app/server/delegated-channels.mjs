/**
 * Channels that the developer pays for and users spend from. Each user gets an owner wallet of the developer's key (its
 * subwallet number gives it an address of its own), a fresh secret and a small channel, opened and funded from the
 * developer's wallet when the user signs in for the first time. The page gets owner and secret; what it can spend is what
 * lies in the channel.
 *
 * @module
 */
import { memoryLedgerStore, openLedger, prepareDelegatedChannel, walletSigner } from 'cocoonkit/ton'
import { clock, random } from './platform.mjs'

/** Most users of one run. */
const MOST_USERS = 64
/** What the owner wallet gets beside the deposit: the way to the proxy, the contracts' storage, its own fees. */
const MARGIN_NANO = 300_000_000n

/**
 * @param {object} options
 * @param {object} options.sponsor - The developer's wallet: `{ wallet, publicKey, sign }`. The key stays on the server.
 * @param {object} options.chain - Reads and sends. On a real network: a source such as `toncenterV3`.
 * @param {object} options.registry - Of the network's root contract.
 * @param {{ owner: string, publicKey: Uint8Array }} options.proxy - Whom the channels are with.
 * @param {bigint} options.capNano - What is put into each channel.
 * @param {() => Promise<unknown>} options.nextBlock - Resolves when the chain has moved on.
 */
export async function createDelegatedChannels({ sponsor, chain, registry, proxy, capNano, nextBlock }) {
  // Written down before it is sent, and never more than this. A deployment keeps it in a file or a database.
  const limits = { totalNano: BigInt(MOST_USERS) * (capNano + 2n * MARGIN_NANO) }
  const ledger = await openLedger({ store: memoryLedgerStore(), clock, limits })
  const signer = walletSigner({ wallet: sponsor.wallet, sign: sponsor.sign, reader: chain, sender: chain })
  const byUser = new Map()
  // The developer's wallet signs one message after the other.
  let turn = Promise.resolve()

  async function open(subwallet) {
    const delegated = await prepareDelegatedChannel({
      sponsor: signer,
      publicKey: sponsor.publicKey,
      sign: sponsor.sign,
      sender: chain,
      reader: chain,
      registry,
      ledger,
      clock,
      random,
      subwallet,
      testnet: true,
      proxyOwner: proxy.owner,
      proxyPublicKey: proxy.publicKey
    })
    const { account, channel } = delegated
    const plan = await channel.open({ depositNano: capNano, secret: account.secret })
    const valueNano = plan.minimumValueNano + MARGIN_NANO
    await delegated.fund({ valueNano, capNano: valueNano })
    await nextBlock()
    if ((await delegated.trackTransfers()) > 0) throw new Error("the developer's wallet has not paid yet")
    // The devnet runs contracts of its own, which the library rightly does not know; here that risk is accepted by name.
    const acknowledge = ['unknown-contract-code']
    await channel.send(plan, { valueNano: plan.minimumValueNano, capNano: valueNano, acknowledge })
    await nextBlock()
    const [outcome] = await channel.track()
    if (outcome?.result !== 'done') throw new Error(`the channel was not opened: ${outcome?.result}`)
    return { account, channel }
  }

  return {
    /**
     * The channel of a user, opened by the first call.
     *
     * @returns {Promise<{ account: object, channel: object } | undefined>} `undefined` when all are taken, and when the
     *   developer's wallet has run dry; the page then goes through the gateway.
     */
    of(userId) {
      if (!byUser.has(userId) && byUser.size < MOST_USERS) {
        // A number that was used is never used again, whatever became of it.
        const subwallet = byUser.size + 1
        const opening = turn.then(() => open(subwallet))
        byUser.set(
          userId,
          opening.catch((error) => console.error(`no channel for a user: ${error.message}`))
        )
        turn = byUser.get(userId)
      }
      return byUser.get(userId) ?? Promise.resolve()
    },
    /** All that was ever paid into a channel. What of it is used up, the proxy tells the page with each answer. */
    async capNano({ channel }) {
      const { client } = await channel.view()
      return client.balanceNano + client.tokensUsed * client.pricePerTokenNano
    }
  }
}
