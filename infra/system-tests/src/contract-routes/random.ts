/** Repeatable chance: the same seed gives the same requests. */
export interface Chance {
  /** From 0 up to but not including 1. */
  next(): number
  integer(from: number, to: number): number
  pick<T>(choices: readonly [T, ...T[]]): T
  happens(probability: number): boolean
}

/** A small counter-based generator (splitmix32). */
export const chanceOf = (seed: number): Chance => {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x9e3779b9) >>> 0
    let mixed = state
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad)
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97)
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32
  }
  const integer = (from: number, to: number): number => from + Math.floor(next() * (to - from + 1))
  return {
    next,
    integer,
    pick: <T>(choices: readonly [T, ...T[]]): T => choices[integer(0, choices.length - 1)] ?? choices[0],
    happens: (probability) => next() < probability,
  }
}
