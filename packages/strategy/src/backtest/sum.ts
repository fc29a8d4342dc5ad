/** A sum of doubles as if made with twice their digits (Neumaier, 1974): the order of the values does not show in it. */
export class Sum {
  #total = 0
  #lost = 0

  add(value: number): void {
    const next = this.#total + value
    this.#lost += Math.abs(this.#total) >= Math.abs(value) ? this.#total - next + value : value - next + this.#total
    this.#total = next
  }

  get value(): number {
    return this.#total + this.#lost
  }
}
