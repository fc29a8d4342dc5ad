import t from 'tap'
import { openLine } from './line.ts'

t.test('so many at once, the others in their order', async (t) => {
  const line = openLine(2)
  const order: number[] = []
  const [one, two] = [await line.turn(undefined), await line.turn(undefined)]
  const waiting = [3, 4, 5].map(async (n) => {
    const turn = await line.turn(undefined)
    order.push(n)
    return turn
  })
  await Promise.resolve()
  t.same(order, [])
  one?.done()
  one?.done()
  const third = await waiting[0]
  t.same(order, [3], 'a place is given back once')
  two?.done()
  await waiting[1]
  third?.done()
  await waiting[2]
  t.same(order, [3, 4, 5])
})

t.test('who leaves the line is not waited for', async (t) => {
  const line = openLine(1)
  const first = await line.turn(undefined)
  const leaving = new AbortController()
  const left = line.turn(leaving.signal)
  const next = line.turn(undefined)
  leaving.abort()
  t.equal(await left, undefined)
  first?.done()
  t.ok(await next)
  t.equal(await line.turn(AbortSignal.abort()), undefined)
})

t.test('a closed line sends everybody away', async (t) => {
  const line = openLine(1)
  await line.turn(undefined)
  const waiting = line.turn(undefined)
  line.close()
  t.equal(await waiting, undefined)
  t.equal(await line.turn(undefined), undefined)
})
