/** Which series a worker holds: those used last, up to so many bytes. */
export interface KnownSeries {
  has(id: string): boolean
  /** Notes that these are used now; gives those that are to be forgotten for it. */
  use(series: readonly { readonly id: string; readonly bytes: number }[]): readonly string[]
}

export const knownSeries = (mostBytes: number): KnownSeries => {
  /** The one used last is at the end. */
  const known = new Map<string, number>()
  return {
    has: (id) => known.has(id),
    use: (series) => {
      for (const { id, bytes } of series) {
        known.delete(id)
        known.set(id, bytes)
      }
      const needed = new Set(series.map(({ id }) => id))
      const forgotten: string[] = []
      let total = [...known.values()].reduce((sum, bytes) => sum + bytes, 0)
      for (const [id, bytes] of known) {
        if (total <= mostBytes) break
        if (needed.has(id)) continue
        known.delete(id)
        forgotten.push(id)
        total -= bytes
      }
      return forgotten
    },
  }
}
