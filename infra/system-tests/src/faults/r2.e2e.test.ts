import t from 'tap'
import { PLACES, r2 } from './r2.ts'

t.test(`r2: ${r2.title}`, { timeout: 240_000 }, async (t) => {
  const figures = await r2.run({ rounds: 1, say: (line) => t.comment(line) })
  t.comment(JSON.stringify(figures))
  for (const place of PLACES) t.equal(figures[`orders of ${place}, ended as they must`], 1)
})
