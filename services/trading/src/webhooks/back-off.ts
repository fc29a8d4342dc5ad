const FIRST_MS = 1_000
const LONGEST_MS = 5 * 60_000

/** Milliseconds before the next attempt after so many failures in a row: doubling, capped, half of it random. */
export const retryDelay = (failures: number, random: () => number = Math.random): number => {
  const full = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(failures - 1, 20))
  return full / 2 + (random() * full) / 2
}
