/** A well mixed 32-bit hash of integers: the only source of randomness, so that a seed decides everything. */
export const hash = (...values: readonly number[]): number => {
  let h = 0x9e3779b9
  for (const value of values) {
    h = Math.imul(h ^ (value | 0), 0x85ebca6b)
    h ^= h >>> 13
    h = Math.imul(h, 0xc2b2ae35)
    h ^= h >>> 16
    h = Math.imul(h ^ Math.floor(value / 0x100000000), 0x27d4eb2f)
    h ^= h >>> 15
  }
  return h >>> 0
}

/** FNV-1a, to let a name take part in `hash`. */
export const hashText = (text: string): number => {
  let h = 0x811c9dc5
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193)
  return h >>> 0
}

/** Numbers in [0, 1), the same sequence for the same seed (mulberry32). */
export const sequence = (seed: number): (() => number) => {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}
