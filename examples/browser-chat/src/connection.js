/** One client for the settings that hold now. Everything about the network is in here; the rest of the page is DOM. */
import { Cocoon } from 'cocoonkit'
import { fromDevnet } from 'cocoonkit/attestation'
import { relayDialer } from 'cocoonkit/browser'

export class Connection extends EventTarget {
  #cocoon
  #model

  /**
   * @param {{ relay: string, description: string, model: string }} settings
   * @throws CocoonError when the settings cannot be right.
   */
  constructor({ relay, description, model }) {
    super()
    this.#model = model
    this.#cocoon = new Cocoon({
      ...fromDevnet(description),
      runtime: { dialer: relayDialer({ url: relay }) },
      onEvent: (event) => this.dispatchEvent(new CustomEvent('network', { detail: event }))
    })
  }

  /** The report on the proxy; connects when there is no connection. */
  report() {
    return this.#cocoon.attestation()
  }

  /** Names of the models that can be used now. */
  async models() {
    const { models } = await this.#cocoon.market()
    return models.map((model) => model.name)
  }

  /**
   * Asks, and calls back with each piece of the answer.
   *
   * @returns What the call used: first token, tokens, cost.
   */
  async ask(messages, { signal, onText }) {
    const startedMs = performance.now()
    let firstTokenMs
    const { data: stream, final } = await this.#cocoon.chat.completions
      .create({ model: this.#model, messages, stream: true }, { signal })
      .withResponse()
    // Figures come with the end of the answer; an answer that was left has none.
    final.catch(() => undefined)
    for await (const chunk of stream) {
      const text = chunk.choices[0]?.delta.content
      if (typeof text !== 'string') continue
      firstTokenMs ??= performance.now() - startedMs
      onText(text)
    }
    const { tokensUsed, costNano } = await final
    return { firstTokenMs, tokens: tokensUsed?.total, costNano }
  }

  close() {
    return this.#cocoon.close()
  }
}
