/** A stream of numbers that look like chance and are the same whenever the seed is. */
export interface Generator {
  /** From [0, 1), with 32 bits. */
  uniform(): number
  /** Of 0 … count - 1. */
  below(count: number): number
  /** Of mean 0 and deviation 1. */
  normal(): number
}

/** Spreads every bit of the seed over the whole word: MurmurHash3's finaliser. */
const mix = (word: number): number => {
  let value = word | 0
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b)
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35)
  return (value ^ (value >>> 16)) >>> 0
}

/**
 * The generator of a seed of several whole numbers, such as seed, window and trial: what one trial draws does not depend on
 * what others have drawn. The numbers are Doty-Humphrey's sfc32 (PractRand), the normal ones by Marsaglia's polar method.
 */
export const generatorOf = (...seed: readonly number[]): Generator => {
  let [a, b, c, counter] = [0x9e3779b9, 0x243f6a88, 0xb7e15162, 1]
  const step = (): number => {
    const result = (((a + b) | 0) + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (c << 21) | (c >>> 11)
    c = (c + result) | 0
    return result >>> 0
  }
  for (const part of seed) {
    a ^= mix(part)
    b ^= mix(Math.floor(part / 2 ** 32))
    for (let round = 0; round < 12; round += 1) step()
  }

  const uniform = (): number => step() / 2 ** 32
  let spare: number | undefined
  return {
    uniform,
    below: (count) => Math.floor(uniform() * count),
    normal() {
      const kept = spare
      spare = undefined
      if (kept !== undefined) return kept
      for (;;) {
        const [x, y] = [uniform() * 2 - 1, uniform() * 2 - 1]
        const square = x * x + y * y
        if (square >= 1 || square === 0) continue
        const stretch = Math.sqrt((-2 * Math.log(square)) / square)
        spare = y * stretch
        return x * stretch
      }
    },
  }
}
