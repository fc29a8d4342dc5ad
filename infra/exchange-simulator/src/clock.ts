export interface ClockState {
  readonly base: number
  readonly wallBase: number
  readonly speed: number
}

/**
 * The exchange's time. It starts as the wall clock at speed 1 and never goes backwards; it can be frozen, advanced, set
 * to a later time or made faster.
 */
export class Clock {
  #base: number
  #wallBase: number
  #speed: number
  readonly #wall: () => number

  constructor(speed: number, wall: () => number = Date.now) {
    this.#wall = wall
    this.#wallBase = wall()
    this.#base = this.#wallBase
    this.#speed = speed
  }

  now(): number {
    return Math.floor(this.#base + (this.#wall() - this.#wallBase) * this.#speed)
  }

  get speed(): number {
    return this.#speed
  }

  /** A signed request is judged by this time too, so that a client on wall time can trade while the clock is bent. */
  wall(): number {
    return this.#wall()
  }

  state(): ClockState {
    return { base: this.#base, wallBase: this.#wallBase, speed: this.#speed }
  }

  setSpeed(speed: number): void {
    this.#moveTo(this.now())
    this.#speed = speed
  }

  advance(milliseconds: number): void {
    this.#moveTo(this.now() + milliseconds)
  }

  /** Throws when `time` is in the past: what has been traded cannot be undone. */
  set(time: number): void {
    if (time < this.now()) throw new RangeError(`the clock cannot go back from ${this.now()} to ${time}`)
    this.#moveTo(time)
  }

  /** Takes up the clock of an earlier run: bent clocks stay bent, and time never falls behind what was journalled. */
  restore(state: ClockState, last: number): void {
    this.#speed = state.speed
    this.#base = state.base
    this.#wallBase = state.wallBase
    if (this.now() < last) this.#moveTo(last)
  }

  #moveTo(time: number): void {
    this.#wallBase = this.#wall()
    this.#base = time
  }
}
