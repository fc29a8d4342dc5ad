import t from 'tap'
import { createFindings } from './findings.ts'

const fill = (tradeId: string, ours: string, venue: string) =>
  ({ kind: 'fill', orderId: 'a', tradingPair: 'BTC-USDT', tradeId, ours, venue }) as const
const cancelled = {
  kind: 'order',
  orderId: 'a',
  tradingPair: 'BTC-USDT',
  ours: 'OPEN',
  venue: 'cancelled',
} as const

const at = () => {
  const clock = { time: 0 }
  return { clock, findings: createFindings(1_000, () => clock.time) }
}

t.test('what the stream says in time is no drift, whichever was first', async (t) => {
  const { clock, findings } = at()
  findings.found(fill('1', '0', '2'))
  findings.told({ kind: 'fill', orderId: 'a', tradeId: '1' })
  findings.told({ kind: 'order', orderId: 'a' })
  findings.found(cancelled)
  clock.time = 5_000
  t.same(findings.overdue(), [])
  t.equal(findings.nextAt(), undefined)
})

t.test('what the stream keeps silent about is told once, all fills of an order together', async (t) => {
  const { clock, findings } = at()
  findings.found(fill('1', '0', '2'))
  clock.time = 400
  findings.found(fill('1', '0', '2'))
  findings.found(fill('2', '2', '3.5'))
  findings.found(cancelled)
  t.equal(findings.nextAt(), 1_000)
  t.same(findings.overdue(), [])
  clock.time = 1_400
  t.same(findings.overdue(), [
    { kind: 'fill', orderId: 'a', tradingPair: 'BTC-USDT', ours: '0', venue: '3.5', difference: '3.5' },
    { kind: 'order', finding: cancelled },
  ])
  t.same(findings.overdue(), [])
})

t.test('a word of the stream is forgotten after a minute', async (t) => {
  const { clock, findings } = at()
  findings.told({ kind: 'order', orderId: 'a' })
  clock.time = 61_000
  findings.found(cancelled)
  clock.time = 62_000
  t.equal(findings.overdue().length, 1)
})
