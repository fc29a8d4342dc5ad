import { RpcError } from '@colibri/service-kit'
import t from 'tap'
import type { Series } from '../workers/job.ts'
import { CandleColumns } from './candle-rows.ts'
import { type AskCandles, keptCandles, marketCandles, type WantedSeries } from './market-candles.ts'

const wanted = (more: Partial<WantedSeries> = {}): WantedSeries => ({
  connector: 'x',
  pair: 'A-B',
  interval: '1m',
  from: 0,
  to: 600,
  ...more,
})

const seriesOf = ({ connector, pair, interval, from, to }: WantedSeries, id: string): Series => {
  const columns = new CandleColumns(6)
  for (let time = from; time <= to; time += 60) columns.push(time, [time, 1, 1, 1, 1, 1])
  return { id, connector, pair, interval, candles: columns.done() }
}

/** Candles that are counted as they are asked for. */
const counted = (mostBytes = 1e6) => {
  let asked = 0
  let now = 0
  const ask: AskCandles = async (series) => seriesOf(series, String(++asked))
  return {
    read: keptCandles(ask, { mostBytes, freshMs: 1_000, now: () => now }),
    asked: () => asked,
    pass: (ms: number) => {
      now += ms
    },
  }
}

t.test('a range inside a kept one is not asked again, for a while', async (t) => {
  const { read, asked, pass } = counted()
  const series = await read(wanted())
  t.equal((await read(wanted({ from: 60, to: 540 }))).id, series.id)
  t.equal(asked(), 1)
  await read(wanted({ to: 660 }))
  await read(wanted({ pair: 'C-D' }))
  t.equal(asked(), 3)
  pass(1_001)
  await read(wanted({ to: 660 }))
  t.equal(asked(), 4)
})

t.test('askers at the same time share one answer', async (t) => {
  const { read, asked } = counted()
  const ids = await Promise.all([read(wanted()), read(wanted()), read(wanted())])
  t.equal(new Set(ids.map(({ id }) => id)).size, 1)
  t.equal(asked(), 1)
})

t.test('no more is kept than may be', async (t) => {
  const one = 11 * 6 * 8
  const { read, asked } = counted(2 * one)
  for (const pair of ['A', 'B', 'C']) await read(wanted({ pair }))
  t.equal(asked(), 3)
  await read(wanted({ pair: 'C' }))
  await read(wanted({ pair: 'B' }))
  t.equal(asked(), 3, 'the two used last are there')
  await read(wanted({ pair: 'A' }))
  t.equal(asked(), 4)
})

t.test(
  'pages are read to the last; what market-data says of candles is the client’s, its absence is ours',
  async (t) => {
    const requests: unknown[] = []
    const row = (time: number) => [time * 1_000, 1, 1, 1, 1, 1, 0, 0, 0, 0]
    const pages = [
      { rows: [row(0), row(60)], next: 120_000 },
      { rows: [row(120)], next: null },
    ]
    const read = marketCandles(async (_service, _operation, request, schema) => {
      requests.push(request)
      return schema.parse(pages[requests.length - 1])
    })
    const { candles } = await read(wanted({ to: 120 }))
    t.same([...candles.timestamp], [0, 60, 120])
    t.match(requests, [
      { from: 0, to: 120_001 },
      { from: 120_000, to: 120_001 },
    ])
    const failing = (cause?: Error) =>
      marketCandles(async () => {
        throw new RpcError('unavailable', 'why', 'market-data', 'candles', cause === undefined ? {} : { cause })
      })(wanted())
    await t.rejects(failing(), { name: 'ApiError', status: 400, message: 'why' })
    await t.rejects(failing(new Error('nobody listens')), { name: 'RpcError', kind: 'unavailable' })
  },
)
