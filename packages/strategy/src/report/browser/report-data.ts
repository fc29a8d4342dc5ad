/** What the page carries of a backtest: columns, packed as pack.ts does. */

/** Integers as base64 of their differences, each in as few bytes as it needs. */
export type PackedIntegers = string

/** Times in whole seconds. */
export interface PackedTimes {
  readonly rows: number
  readonly first: number
  /** A distance and how often it follows, and so on. */
  readonly runs: PackedIntegers
}

/** Numbers in units of 10^-decimals. */
export interface PackedNumbers {
  readonly decimals: number
  readonly values: PackedIntegers
}

/** Most of a candle lies near its neighbour: what is kept are the distances. */
export interface PackedCandles {
  readonly times: PackedTimes
  readonly decimals: number
  readonly close: PackedIntegers
  /** Above the close before it. */
  readonly open: PackedIntegers
  /** Above the higher of open and close. */
  readonly high: PackedIntegers
  /** Below the lower of open and close. */
  readonly low: PackedIntegers
}

/** Numbers in units of 10^-decimals, not their differences. */
export interface PackedValues {
  readonly decimals: number
  readonly values: PackedIntegers
}

/** Executors in the order they were created. */
export interface PackedExecutors {
  /** Of those that were filled: the others, often most, are told apart by their times. */
  readonly ids: readonly string[]
  /** The texts of the four columns that follow, which are places in it. */
  readonly words: readonly string[]
  readonly type: PackedIntegers
  readonly side: PackedIntegers
  readonly level: PackedIntegers
  readonly closeType: PackedIntegers
  /** Differences. */
  readonly created: PackedIntegers
  /** Seconds after creation, plus one; 0 where it did not happen. */
  readonly entered: PackedIntegers
  readonly closed: PackedIntegers
  /** 0: none. */
  readonly entryPrice: PackedValues
  readonly exitPrice: PackedValues
  readonly filledQuote: PackedValues
  readonly feesQuote: PackedValues
  readonly pnlQuote: PackedValues
  readonly pnlPct: PackedValues
}

export interface PackedFills {
  /** Differences. */
  readonly time: PackedIntegers
  readonly price: PackedValues
  /** 1: bought, 2: sold. */
  readonly side: PackedIntegers
}

/** One entry an executor, in the order they were created. */
export interface ExecutorColumns {
  /** Empty for those that were never filled. */
  readonly id: readonly string[]
  readonly type: readonly string[]
  readonly side: readonly string[]
  readonly level: readonly string[]
  readonly closeType: readonly string[]
  /** Seconds; null where it did not happen. */
  readonly created: readonly number[]
  readonly entered: readonly (number | null)[]
  readonly closed: readonly (number | null)[]
  readonly entryPrice: readonly (number | null)[]
  readonly exitPrice: readonly (number | null)[]
  readonly filledQuote: readonly number[]
  readonly feesQuote: readonly number[]
  readonly pnlQuote: readonly number[]
  readonly pnlPct: readonly number[]
}

/** The fills of grids, which have many of them. */
export interface FillColumns {
  readonly time: readonly number[]
  readonly price: readonly number[]
  readonly side: readonly string[]
}

export interface ReportData {
  readonly name: string
  readonly quote: string
  readonly candles: PackedCandles
  readonly equity: { readonly times: PackedTimes; readonly total: PackedNumbers }
  readonly executors: PackedExecutors
  readonly fills: PackedFills
}

/** The same, as the page shows it. */
export interface ShownData {
  readonly name: string
  readonly quote: string
  /** Digits behind the point. */
  readonly priceDecimals: number
  readonly executors: ExecutorColumns
  readonly fills: FillColumns
}
