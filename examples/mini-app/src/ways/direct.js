/**
 * The first way: a channel of your own. The page holds its account, TLS ends in the page, and the page itself checks what
 * the other end runs before anything leaves. The relay between carries ciphertext.
 */
import { Cocoon } from 'cocoonkit'
import { relayDialer, solvePowInWorker } from 'cocoonkit/browser'
import { channelState } from '../server.js'
import { ask } from './ask.js'

/** @param {{ chainOptions: object, direct: object, model: string, onEvent: (event: object) => void }} settings */
export function createDirectWay({ chainOptions, direct, model, onEvent }) {
  const { owner, secretHex } = direct.account
  let usedTokens = 0n
  let capNano = BigInt(direct.capNano)
  const cocoon = new Cocoon({
    // Proxies, accepted images and keys come from the root contract; contracts are compared before the secret leaves.
    ...chainOptions,
    account: { owner, secret: fromHex(secretHex) },
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
    async budget() {
      const { root } = await cocoon.registry()
      return { capNano, spentNano: usedTokens * root.pricePerTokenNano }
    },
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

function fromHex(text) {
  return Uint8Array.from(text.match(/../g), (digits) => Number.parseInt(digits, 16))
}
