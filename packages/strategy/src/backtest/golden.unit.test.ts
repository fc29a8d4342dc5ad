import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { engineCases } from '../testing/backtests/engine-cases.ts'
import { wholeBacktests } from '../testing/backtests/whole-backtests.ts'
import { readGoldenFolder } from '../testing/golden-folder.ts'

/** What the original has computed lies beside the repository, where it is at hand; more cases may be put there. */
const folder = (path: string) => fileURLToPath(new URL(`../../../../../shared/spec/${path}`, import.meta.url))
const skip = existsSync(folder('.')) ? false : 'the cases of the original are not at hand'

t.test('short backtests have the figures, executors, series and holds of the original', { skip }, async (t) => {
  const { checks } = readGoldenFolder(folder('executors/golden'), [engineCases])
  t.ok(checks.length >= 6, `${checks.length} cases`)
  for (const { name, run } of checks) t.same(run(), [], name)
})

t.test('so have the standard controllers on ten thousand candles', { skip }, async (t) => {
  const { checks } = readGoldenFolder(folder('backtests'), [wholeBacktests])
  t.ok(checks.length >= 7, `${checks.length} cases`)
  for (const { name, run } of checks) t.same(run(), [], name)
})
