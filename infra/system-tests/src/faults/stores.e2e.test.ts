import t from 'tap'
import { startColibri } from '../colibri.ts'
import { r3 } from './r3.ts'
import { r4 } from './r4.ts'
import { r5 } from './r5.ts'
import { x6 } from './x6.ts'

/** Rows of the fault matrix in their shortest form, one system for all; `npm run chaos -- <id>` runs them at length. */
t.test('what everything stands on fails, and trading is halted in a flood', { timeout: 290_000 }, async (t) => {
  const colibri = await startColibri()
  t.teardown(() => colibri.stop())
  const short = { say: (line: string): void => t.comment(line), colibri, loadShare: 0.3 }
  const shown = async (figures: Promise<object>): Promise<void> => t.comment(JSON.stringify(await figures))

  await t.test(`r3: ${r3.title}`, () => shown(r3.run({ ...short, rounds: 1 })))
  await t.test(`r5: ${r5.title}`, () => shown(r5.run({ ...short, rounds: 1 })))
  await t.test(`r4: ${r4.title}`, () => shown(r4.run({ ...short, rounds: 4 })))
  await t.test(`x6: ${x6.title}`, () => shown(x6.run({ ...short, rounds: 1 })))
})
