/**
 * The results in the order of `items`, at most `width` at work at a time. After a failure no further item is begun; rejects
 * with the first failure when all running ones have ended.
 */
export const inParallel = async <T, R>(
  items: readonly T[],
  width: number,
  work: (item: T) => Promise<R>,
): Promise<readonly R[]> => {
  const results: R[] = []
  const failures: unknown[] = []
  const waiting = items.entries()
  const run = async (): Promise<void> => {
    for (const [index, item] of waiting) {
      try {
        results[index] = await work(item)
      } catch (error) {
        failures.push(error)
      }
      if (failures.length > 0) return
    }
  }
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, run))
  if (failures.length > 0) throw failures[0]
  return results
}
