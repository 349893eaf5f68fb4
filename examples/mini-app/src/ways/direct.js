/**
 * The first way: a channel of your own. The page holds its account, TLS ends in the page, and the page itself checks what
 * the other end runs before anything leaves. The relay between carries ciphertext.
 */
import { Cocoon } from 'cocoonkit'
import { fromDevnet } from 'cocoonkit/attestation'
import { relayDialer, solvePowInWorker } from 'cocoonkit/browser'
import { channelState } from '../server.js'
import { ask } from './ask.js'

/** @param {{ description: object, direct: object, model: string, onEvent: (event: object) => void }} settings */
export function createDirectWay({ description, direct, model, onEvent }) {
  const { owner, secretHex } = direct.account
  // On the main network: createAttestationPolicy({ imageHashes, collateral }) in place of what the devnet brings.
  const options = fromDevnet({ ...description, account: { owner, secret: { hex: secretHex } } })
  let usedTokens = 0n
  let capNano = BigInt(direct.capNano)
  const cocoon = new Cocoon({
    ...options,
    // The connection ends in the attested proxy; with encryption to the workers, the proxy's part of the way is covered too.
    encryption: 'preferred',
    runtime: { dialer: relayDialer({ url: direct.relay }), solvePow: solvePowInWorker },
    onEvent,
    // Every answer comes with the proxy's statement of what the channel has been charged in all.
    observer: { onPaymentNote: ({ totalTokens }) => (usedTokens = totalTokens ?? usedTokens) }
  })
  return {
    name: 'direct',
    note: 'TLS ends in this page. The relay and the server see ciphertext.',
    /** Connects, and proves the other end. @throws When it cannot be reached, or does not convince. */
    async connect() {
      const report = await cocoon.attestation()
      // The first statement of what was used comes with the authorisation.
      await cocoon.market()
      return { state: 'verified', text: 'Attested', report }
    },
    trust: async () => ({ report: await cocoon.attestation(), encryption: await cocoon.encryption() }),
    budget: async () => ({ capNano, spentNano: usedTokens * options.network.pricePerTokenNano }),
    /** @returns Nanotons that the channel has got since this was asked last. */
    async added() {
      const before = capNano
      capNano = BigInt((await channelState()).capNano)
      return capNano - before
    },
    ask: (messages, call) => ask(cocoon, model, messages, call),
    close: () => cocoon.close()
  }
}
