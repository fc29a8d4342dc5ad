import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { goldenPositionHolds } from '../../testing/golden/position-holds.ts'
import { goldenDcas, goldenGrids, goldenOrders, goldenPositions } from '../../testing/golden/simulators.ts'
import type { GoldenSuite } from '../../testing/golden.ts'
import { readGoldenFolder } from '../../testing/golden-folder.ts'

/** The specification lies beside the repository where Colibri is developed. */
const folder = fileURLToPath(new URL('../../../../../../shared/spec/executors/golden/', import.meta.url))
const skip = existsSync(folder) ? false : 'the specification is not beside the repository'

const suites: readonly (readonly [GoldenSuite, string, number])[] = [
  [goldenPositions, 'position_cases.json', 56],
  [goldenDcas, 'dca_cases.json', 20],
  [goldenGrids, 'grid_cases.json', 19],
  [goldenOrders, 'order_cases.json', 9],
  [goldenPositionHolds, 'position_hold_cases.json', 5],
]

t.test('what the original has computed is computed here', { skip }, async (t) => {
  for (const [suite, file, cases] of suites) {
    const { checks } = readGoldenFolder(folder, [suite])
    t.equal(checks.length, cases, `${file} has its cases and no other file has any of their kind`)
    for (const { name, run } of checks) {
      t.ok(name.startsWith(file), name)
      t.same(run(), [], name)
    }
  }
})
