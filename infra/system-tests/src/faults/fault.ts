import type { Colibri } from '../colibri.ts'

export interface FaultOptions {
  /** How often the fault happens; each fault says what one round is. */
  readonly rounds: number
  readonly say: (line: string) => void
  /** A system that runs already; without it one is started for the run. */
  readonly colibri?: Colibri
  /** Share of the matrix' load; all of it unless told. A test shares its machine with others. */
  readonly loadShare?: number
}

export type Figures = Record<string, number | string>

/** One row of the fault matrix. `run` throws a clear error when something does not hold, and gives figures when all does. */
export interface Fault {
  readonly title: string
  run(options: FaultOptions): Promise<Figures>
}

/** A measured time, marked where it is above what is wanted: slowness is a finding, but no reason to end a run. */
export const bounded = (ms: number, atMost: number): number | string =>
  ms <= atMost ? Math.round(ms) : `${Math.round(ms)} (${TOO_MUCH} ${atMost})`

const TOO_MUCH = 'wanted: at most'

export const isTooMuch = (figure: number | string): boolean => typeof figure === 'string' && figure.includes(TOO_MUCH)

export const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
