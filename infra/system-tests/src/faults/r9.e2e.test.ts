import t from 'tap'
import { r9 } from './r9.ts'

t.test(`r9: ${r9.title}`, { timeout: 280_000 }, async (t) => {
  const figures = await r9.run({ rounds: 3, loadShare: 0.2, say: (line) => t.comment(line) })
  t.comment(JSON.stringify(figures))
  t.equal(figures.rounds, 3)
})
