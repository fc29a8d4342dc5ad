import {
  type Difference,
  engineCases,
  type GoldenCheck,
  type GoldenSuite,
  goldenDcas,
  goldenGrids,
  goldenIndicators,
  goldenOrders,
  goldenPositionHolds,
  goldenPositions,
  readGoldenFolder,
  wholeBacktests,
} from '@colibri/strategy/testing'

const SUITES: readonly GoldenSuite[] = [
  goldenIndicators,
  goldenPositions,
  goldenDcas,
  goldenGrids,
  goldenOrders,
  goldenPositionHolds,
  engineCases,
  wholeBacktests,
]

/** How many differences of one case are shown. */
const SHOWN = 5

export interface Compared {
  readonly passed: number
  readonly failed: number
}

/**
 * Runs every golden case in a folder and in the folders inside it, and says of each that fails what was expected and what
 * came out. `elsewhere` is where series of candles are looked for when a folder does not have them.
 */
export const compareFolder = (
  folder: string,
  elsewhere: readonly string[],
  say: (line: string) => void,
  note: (line: string) => void,
): Compared => {
  const { checks, others: unknown } = readGoldenFolder(folder, SUITES, elsewhere)
  if (checks.length === 0) note(`${folder} has no golden cases: no JSON file in it, or below it, is of a known form.`)
  const others = unknown.filter(({ holds }) => holds === 'none').map(({ file }) => file)
  if (others.length > 0) note(`Not compared, since they are of no known form: ${others.join(', ')}`)
  const strange = unknown.filter(({ holds }) => holds === 'cases')
  for (const { file } of strange) say(`${file}: something is expected in it, but its first case is of no known form`)
  let failed = strange.length
  for (const check of checks) {
    const lines = failuresOf(check)
    if (lines.length === 0) continue
    failed++
    say(`${check.name}: ${lines.join('; ')}`)
  }
  return { passed: checks.length + strange.length - failed, failed }
}

const failuresOf = ({ run }: GoldenCheck): readonly string[] => {
  try {
    const found = run()
    const more = found.length > SHOWN ? [`and ${found.length - SHOWN} more`] : []
    return [...found.slice(0, SHOWN).map(described), ...more]
  } catch (error) {
    return [(error instanceof Error ? error.message : String(error)).replaceAll(/\s+/g, ' ')]
  }
}

const described = ({ at, expected, actual }: Difference): string =>
  `${at} is ${shown(actual)} and should be ${shown(expected)}`

const shown = (value: unknown): string => {
  const text = JSON.stringify(value) ?? 'missing'
  return text.length > 120 ? `${text.slice(0, 120)}…` : text
}
