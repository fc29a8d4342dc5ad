import { existsSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { compareFolder } from './golden/compare-folder.ts'

/** `npm run golden -- <folder>`: the cases that the original has computed, against this engine. */
const usage = `Usage: npm run golden -- <folder>
  Compares the results of the engine with the cases in the folder's JSON files, and in those of the folders inside it.`

/** Where the candles of the cases lie when a folder has none of its own. */
const shared = ['spec/executors/golden', 'spec/backtests'].map((path) =>
  fileURLToPath(new URL(`../../../../shared/${path}`, import.meta.url)),
)

const main = (): number => {
  const [given, ...more] = process.argv.slice(2)
  if (given === undefined || more.length > 0) {
    console.error(usage)
    return 1
  }
  const folder = resolve(process.env['INIT_CWD'] ?? process.cwd(), given)
  if (!existsSync(folder) || !statSync(folder).isDirectory()) {
    console.error(`There is no folder ${folder}.`)
    return 1
  }
  const { passed, failed } = compareFolder(folder, shared, console.log, console.error)
  console.log(`${passed} passed, ${failed} failed`)
  // Nothing to compare is no success.
  return passed > 0 && failed === 0 ? 0 : 1
}

process.exitCode = main()
