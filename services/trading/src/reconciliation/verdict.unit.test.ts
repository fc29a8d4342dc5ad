import t from 'tap'
import type { Difference } from './compare.ts'
import { judge, type Pendings } from './verdict.ts'

const usdt = (difference: string, tolerance = '0'): Difference => ({
  kind: 'balance',
  subject: 'USDT',
  tradingPair: null,
  ours: '0',
  venue: difference,
  difference,
  tolerance,
})
const wait = () => 1_000

/** Each look is the time and what differs; gives what became certain when. */
const looks = (all: readonly (readonly [number, readonly Difference[]])[], waitOf = wait): [number, string][] => {
  let pending: Pendings = new Map()
  return all.flatMap(([time, differences]): [number, string][] => {
    const verdict = judge(pending, differences, time, waitOf)
    pending = verdict.pending
    return verdict.certain.map(({ difference }) => [time, difference])
  })
}

t.test('one look is no verdict, nor are two in quick succession', async (t) => {
  t.same(
    looks([[0, [usdt('5')]]], () => 0),
    [],
  )
  t.same(
    looks([
      [0, [usdt('5')]],
      [999, [usdt('5')]],
    ]),
    [],
  )
  t.same(
    looks([
      [0, [usdt('5')]],
      [1_000, [usdt('5')]],
    ]),
    [[1_000, '5']],
  )
})

t.test('what changes begins anew; what was gone in between begins anew', async (t) => {
  t.same(
    looks([
      [0, [usdt('5')]],
      [1_000, [usdt('6')]],
      [1_900, [usdt('6')]],
      [2_000, [usdt('6')]],
    ]),
    [[2_000, '6']],
  )
  t.same(
    looks([
      [0, [usdt('5')]],
      [500, []],
      [1_000, [usdt('5')]],
    ]),
    [],
  )
  t.same(
    looks([
      [0, [usdt('5', '1')]],
      [1_000, [usdt('5.8', '1')]],
    ]),
    [[1_000, '5.8']],
    'within its tolerance it is the same',
  )
})

t.test('a difference that is never to be certain stays pending', async (t) => {
  const verdict = judge(new Map(), [usdt('5')], 7, () => Number.POSITIVE_INFINITY)
  t.equal(verdict.nextAt, Number.POSITIVE_INFINITY)
  t.same(judge(verdict.pending, [usdt('5')], 10 ** 9, () => Number.POSITIVE_INFINITY).certain, [])
  t.equal(judge(new Map(), [], 0, wait).nextAt, undefined)
  t.equal(judge(new Map(), [usdt('1')], 10, wait).nextAt, 1_010)
})
