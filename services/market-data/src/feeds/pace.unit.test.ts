import t from 'tap'
import { paced } from './pace.ts'

t.test('the first call runs at once, the next ones together', async (t) => {
  let runs = 0
  const pace = paced(60_000, () => {
    runs++
  })
  pace.call()
  t.equal(runs, 1)
  for (let i = 0; i < 100; i++) pace.call()
  t.equal(runs, 1)
  pace.flush()
  t.equal(runs, 2)
})

t.test('what is due is run when its time has come', async (t) => {
  let runs = 0
  const done = Promise.withResolvers<void>()
  const pace = paced(20, () => {
    runs++
    if (runs === 2) done.resolve()
  })
  pace.call()
  pace.call()
  await done.promise
  t.equal(runs, 2)
})

t.test('what is due is run by flush and forgotten by cancel', (t) => {
  let runs = 0
  const pace = paced(60_000, () => {
    runs++
  })
  pace.call()
  pace.flush()
  t.equal(runs, 1, 'nothing was due')
  pace.call()
  pace.flush()
  t.equal(runs, 2)
  pace.call()
  pace.cancel()
  pace.flush()
  t.equal(runs, 2)
  t.end()
})
