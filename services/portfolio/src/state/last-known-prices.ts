/** The last price of each market that was ever seen here, for the times a venue does not answer. Bounded: the oldest leave. */
export class LastKnownPrices {
  readonly #prices = new Map<string, string>()

  constructor(private readonly maxMarkets: number) {}

  remember(connectorName: string, prices: ReadonlyMap<string, string>): void {
    for (const [tradingPair, price] of prices) {
      const key = `${connectorName} ${tradingPair}`
      this.#prices.delete(key)
      this.#prices.set(key, price)
    }
    for (const key of this.#prices.keys()) {
      if (this.#prices.size <= this.maxMarkets) return
      this.#prices.delete(key)
    }
  }

  get(connectorName: string, tradingPair: string): string | undefined {
    return this.#prices.get(`${connectorName} ${tradingPair}`)
  }
}
