/** The last trades of a pair, numbered as they came; rendered once for all who get them. */
export interface TradeTape {
  append(sequence: number, trades: readonly string[]): void
  /** What comes next does not follow what came before. */
  tear(): void
  /** The number after the newest trade. */
  end(): number
  /** Everything from a number on, as far as it is kept. */
  from(number: number): TapeRead
}

export interface TapeRead {
  /** JSON texts, oldest first. */
  readonly trades: readonly string[]
  /** How many before them are no longer kept. */
  readonly dropped: number
  /** True when trades are missing among or before them that were never seen. */
  readonly torn: boolean
  /** Of the newest update on the tape. */
  readonly sequence: number
}

interface Entry {
  readonly text: string
  readonly time: number
}

export interface TapeLimits {
  readonly keptTrades: number
  readonly keptMs: number
  readonly now: () => number
}

/** Forgetting one by one would move the whole tape each time. */
const FORGET_AT_ONCE = 256

export const createTradeTape = ({ keptTrades, keptMs, now }: TapeLimits): TradeTape => {
  let entries: Entry[] = []
  let first = 0
  let sequence = 0
  let torn = Number.NEGATIVE_INFINITY

  const forget = (): void => {
    const oldest = now() - keptMs
    let old = Math.max(0, entries.length - keptTrades)
    while (old < entries.length && (entries[old]?.time ?? 0) < oldest) old++
    if (old < FORGET_AT_ONCE) return
    entries = entries.slice(old)
    first += old
  }

  return {
    append: (updateSequence, trades) => {
      const time = now()
      for (const text of trades) entries.push({ text, time })
      sequence = updateSequence
      forget()
    },
    tear: () => {
      torn = first + entries.length
    },
    end: () => first + entries.length,
    from: (number) => ({
      trades: entries.slice(Math.max(0, number - first)).map(({ text }) => text),
      dropped: Math.max(0, first - number),
      torn: torn >= number,
      sequence,
    }),
  }
}
