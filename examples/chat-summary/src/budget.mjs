/** Nanotons that may be spent. What is reserved counts in full until the network says what a request cost. */
export class Budget {
  #capNano
  #prices
  #keptNano = 0n
  #openNano = 0n
  /** Called when a reservation ends. */
  #waiting = []
  spentNano = 0n
  requests = 0

  /** @param {{ capNano: bigint, prices: object }} options - Prices as the devnet and the registry give them. */
  constructor({ capNano, prices }) {
    this.#capNano = capNano
    this.#prices = prices
  }

  /** Keeps a request's money back from all others, until the result is called. */
  keep(characters, maxTokens) {
    const amountNano = this.#mostNano(characters, maxTokens)
    this.#keptNano += amountNano
    return () => (this.#keptNano -= amountNano)
  }

  /** Sets aside the most that a request can cost, if need be once others have ended; `undefined` when that is too much. */
  async reserve(characters, maxTokens) {
    const amountNano = this.#mostNano(characters, maxTokens)
    while (this.spentNano + this.#keptNano + this.#openNano + amountNano > this.#capNano) {
      // Others may turn out cheaper than what was set aside for them.
      if (this.#openNano === 0n) return undefined
      await new Promise((resolve) => this.#waiting.push(resolve))
    }
    this.#openNano += amountNano
    return {
      settle: (costNano = amountNano) => {
        this.#openNano -= amountNano
        this.spentNano += costNano
        this.requests++
        for (const wake of this.#waiting.splice(0)) wake()
      }
    }
  }

  /** At coefficient 1000. Two characters a token is pessimistic for prose; multipliers are 1/10000. */
  #mostNano(characters, maxTokens) {
    const { pricePerTokenNano, multipliers } = this.#prices
    const tokens = BigInt(Math.ceil(characters / 2) * multipliers.prompt + maxTokens * multipliers.completion) / 10_000n
    return tokens * pricePerTokenNano
  }
}
