import t from 'tap'
import { startDetouredColibri } from './detoured-colibri.ts'
import { r3 } from './r3.ts'
import { r4 } from './r4.ts'
import { r5 } from './r5.ts'
import { r8 } from './r8.ts'
import { x1 } from './x1.ts'
import { x2 } from './x2.ts'
import { x6 } from './x6.ts'

/** Rows of the fault matrix in their shortest form, one system for all; `npm run chaos -- <id>` runs them at length. */
t.test('faults that must lose nothing and do nothing twice', { timeout: 280_000 }, async (t) => {
  const colibri = await startDetouredColibri()
  t.teardown(() => colibri.stop())
  const say = (line: string): void => t.comment(line)
  const shown = async (figures: Promise<object>): Promise<void> => t.comment(JSON.stringify(await figures))

  await t.test(`x1: ${x1.title}`, () => shown(x1.run({ rounds: 2, say, colibri })))
  await t.test(`r8: ${r8.title}`, () => shown(r8.run({ rounds: 3, say, colibri, longestSeconds: 2 })))
  await t.test(`r3: ${r3.title}`, () => shown(r3.run({ rounds: 1, say, colibri })))
  await t.test(`r5: ${r5.title}`, () => shown(r5.run({ rounds: 1, say, colibri })))
  await t.test(`x2: ${x2.title}`, () => shown(x2.run({ rounds: 1, say, colibri })))
  await t.test(`r4: ${r4.title}`, () => shown(r4.run({ rounds: 4, say, colibri })))
  await t.test(`x6: ${x6.title}`, () => shown(x6.run({ rounds: 2, say, colibri })))
})
