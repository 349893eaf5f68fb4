/**
 * The second way, wherever there is HTTPS: the developer's server forwards, and every text is encrypted in the page to a
 * key that the network publishes. The page takes the keys from the network's root contract, never from the server.
 */
import { Cocoon } from 'cocoonkit'
import { gatewayBudget } from '../server.js'
import { telegramHeaders } from '../telegram.js'
import { ask } from './ask.js'

/** @param {{ chainOptions: object, gateway: { path: string }, model: string }} settings */
export function createGatewayWay({ chainOptions: { network, chain }, gateway, model }) {
  const cocoon = new Cocoon({
    gateway: { url: new URL(gateway.path, location.origin), headers: telegramHeaders },
    network,
    chain,
    // Said aloud, although it is the default with a gateway: no key, no request.
    encryption: 'required',
    // Lengths say much about short messages.
    encryptionPadTo: 64
  })
  return {
    name: 'gateway',
    note: 'Encrypted end to end. The server forwards what it cannot read.',
    /** Makes sure that there is a key to encrypt to, and that the server answers. */
    async connect() {
      const { usableKeys } = await cocoon.encryption()
      if (usableKeys.length === 0) throw new Error('the network publishes no key to encrypt to')
      await cocoon.market()
      return { state: 'encrypted', text: 'Encrypted' }
    },
    async trust() {
      // The server's own statement: the page has no connection of its own that would prove it.
      const response = await fetch(`${gateway.path}/attestation`).catch(() => undefined)
      return { encryption: await cocoon.encryption(), hearsay: response?.ok ? await response.json() : undefined }
    },
    async budget() {
      const { capNano, spentNano } = await gatewayBudget()
      return { capNano: BigInt(capNano), spentNano: BigInt(spentNano) }
    },
    ask: (messages, call) => ask(cocoon, model, messages, call),
    close: () => cocoon.close()
  }
}
