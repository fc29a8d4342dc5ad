import t from 'tap'
import { startDetouredColibri } from './detoured-colibri.ts'
import { r8 } from './r8.ts'
import { x1 } from './x1.ts'
import { x2 } from './x2.ts'

/** Rows of the fault matrix in their shortest form, one system for all; `npm run chaos -- <id>` runs them at length. */
t.test('what stands between trading and the exchange fails', { timeout: 290_000 }, async (t) => {
  const colibri = await startDetouredColibri()
  t.teardown(() => colibri.stop())
  const short = { say: (line: string): void => t.comment(line), colibri, loadShare: 0.3 }
  const shown = async (figures: Promise<object>): Promise<void> => t.comment(JSON.stringify(await figures))

  await t.test(`x1: ${x1.title}`, () => shown(x1.run({ ...short, rounds: 2 })))
  await t.test(`x2: ${x2.title}`, () => shown(x2.run({ ...short, rounds: 1 })))
  await t.test(`r8: ${r8.title}`, () => shown(r8.run({ ...short, rounds: 3, longestSeconds: 2 })))
})
