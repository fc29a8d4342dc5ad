import t from 'tap'
import { optimiseQuery, validationItems } from './index.ts'

t.test('a window is a number that the database has', async (t) => {
  t.equal(optimiseQuery.parse({ window: '2147483647' }).window, 2_147_483_647)
  const { error } = optimiseQuery.safeParse({ window: '99999999999' })
  t.same(error && validationItems(error, { window: '99999999999' }), [
    {
      type: 'less_than_equal',
      loc: ['window'],
      msg: 'Input should be less than or equal to 2147483647',
      input: '99999999999',
      ctx: { le: 2_147_483_647 },
    },
  ])
})
