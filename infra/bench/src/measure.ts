/** Latencies in milliseconds, as percentiles. */
export interface Latency {
  readonly p50: number
  readonly p99: number
  readonly count: number
}

export const latency = (samples: readonly number[]): Latency => {
  const sorted = [...samples].sort((a, b) => a - b)
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
  return { p50: at(0.5), p99: at(0.99), count: sorted.length }
}

/** Runs `work` from `workers` loops at once for `ms` milliseconds; how often it finished per second. */
export const perSecond = async (
  workers: number,
  ms: number,
  work: (worker: number) => Promise<void>,
): Promise<number> => {
  const begin = performance.now()
  const counts = await Promise.all(
    Array.from({ length: workers }, async (_, worker) => {
      let count = 0
      while (performance.now() - begin < ms) {
        await work(worker)
        count++
      }
      return count
    }),
  )
  return (counts.reduce((sum, count) => sum + count, 0) * 1000) / (performance.now() - begin)
}

/** Milliseconds of each of `count` calls, one after the other, after a tenth of warm-up. */
export const timeEach = async (count: number, work: (n: number) => Promise<void>): Promise<readonly number[]> => {
  const samples: number[] = []
  const warmUp = Math.ceil(count / 10)
  for (let n = 0; n < count + warmUp; n++) {
    const begin = performance.now()
    await work(n)
    if (n >= warmUp) samples.push(performance.now() - begin)
  }
  return samples
}
