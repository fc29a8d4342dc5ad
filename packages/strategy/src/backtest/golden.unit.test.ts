import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { engineCases } from '../testing/backtests/engine-cases.ts'
import { wholeBacktests } from '../testing/backtests/whole-backtests.ts'
import { readGoldenFolder } from '../testing/golden-folder.ts'

/** The specification lies beside the repository where Colibri is developed. */
const folder = (path: string) => fileURLToPath(new URL(`../../../../../shared/spec/${path}`, import.meta.url))
const skip = existsSync(folder('.')) ? false : 'the specification is not beside the repository'

t.test('short backtests have the figures, executors, series and holds of the original', { skip }, async (t) => {
  const { checks } = readGoldenFolder(folder('executors/golden'), [engineCases])
  t.equal(checks.length, 6)
  for (const { name, run } of checks) t.same(run(), [], name)
})

t.test('so have the standard controllers on ten thousand candles', { skip }, async (t) => {
  const { checks } = readGoldenFolder(folder('backtests'), [wholeBacktests])
  t.equal(checks.length, 7)
  for (const { name, run } of checks) t.same(run(), [], name)
})
