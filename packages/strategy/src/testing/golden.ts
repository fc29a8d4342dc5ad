import type { Candles } from '../candles.ts'

/** Where a result is not what was expected; `at` is the way to the value in the case. */
export interface Difference {
  readonly at: string
  readonly expected: unknown
  readonly actual: unknown
}

/** One case that the original has computed. */
export interface GoldenCheck {
  readonly name: string
  /** Empty: it passes. What it throws is a failure of this one. */
  readonly run: () => readonly Difference[]
}

/** A file of a folder of cases. */
export interface GoldenFile {
  /** Without its folder. */
  readonly name: string
  /** The JSON in it. */
  readonly content: unknown
  /**
   * A series of candles that the cases name.
   * @throws {SeriesMissing}
   */
  readonly series: (name: string) => Candles
}

/** The checks of a file's cases; undefined where the file holds none of this suite's kind. */
export type GoldenSuite = (file: GoldenFile) => readonly GoldenCheck[] | undefined

export class SeriesMissing extends Error {
  override readonly name = 'SeriesMissing'
}
