import { mkdir, writeFile } from 'node:fs/promises'
import { cpus } from 'node:os'
import { join } from 'node:path'

/** One measured figure. `target` says what the project wants of it. */
export interface Figure {
  readonly name: string
  readonly value: number
  readonly unit: string
  readonly target?: { readonly atLeast: number } | { readonly atMost: number }
}

/** Prints the figures as a table and keeps them as JSON in `bench-results/`. */
export const report = async (figures: readonly Figure[]): Promise<void> => {
  console.table(
    figures.map(({ name, value, unit, target }) => ({
      figure: name,
      value: rounded(value),
      unit,
      target: target === undefined ? '' : 'atLeast' in target ? `≥ ${target.atLeast}` : `≤ ${target.atMost}`,
      reached: target === undefined ? '' : reached(value, target) ? 'yes' : 'NO',
    })),
  )
  await mkdir('bench-results', { recursive: true })
  const time = new Date().toISOString()
  const file = join('bench-results', `${time.replaceAll(':', '-')}.json`)
  const machine = { cpu: cpus()[0]?.model, cores: cpus().length, node: process.version }
  await writeFile(file, `${JSON.stringify({ time, machine, figures }, null, 2)}\n`)
  console.log(`written to ${file}`)
}

const reached = (value: number, target: NonNullable<Figure['target']>): boolean =>
  'atLeast' in target ? value >= target.atLeast : value <= target.atMost

const rounded = (value: number): number => Number(value.toPrecision(4))
