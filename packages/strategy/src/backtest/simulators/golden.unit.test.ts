import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { goldenPositionHolds } from '../../testing/golden/position-holds.ts'
import { goldenDcas, goldenGrids, goldenOrders, goldenPositions } from '../../testing/golden/simulators.ts'
import type { GoldenSuite } from '../../testing/golden.ts'
import { readGoldenFolder } from '../../testing/golden-folder.ts'

/** What the original has computed lies beside the repository, where it is at hand; more cases may be put there. */
const folder = fileURLToPath(new URL('../../../../../../shared/spec/executors/golden/', import.meta.url))
const skip = existsSync(folder) ? false : 'the cases of the original are not at hand'

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
    const known = checks.filter(({ name }) => name.startsWith(file))
    t.equal(known.length, cases, `${file} has its cases`)
    const others = new Set(suites.map(([, other]) => other).filter((other) => other !== file))
    t.same(
      checks.filter(({ name }) => others.has(name.split(' ')[0] ?? '')),
      [],
      'and takes none of another kind for its own',
    )
    for (const { name, run } of checks) t.same(run(), [], name)
  }
})
