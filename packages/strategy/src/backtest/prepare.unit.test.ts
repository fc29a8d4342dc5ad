import t from 'tap'
import { z } from 'zod'
import type { Candles } from '../candles.ts'
import type { Controller, ControllerConfig, Features, World } from '../controllers/controller.ts'
import { candlesOf } from '../testing/series.ts'
import { BacktestImpossible, type BacktestInput, type BacktestMode } from './backtest.ts'
import { prepare } from './prepare.ts'
import { BacktestWorld } from './world.ts'

const MARKET = { connector_name: 'binance_perpetual', trading_pair: 'AAA-USDT' }
const FEED = { connector: 'binance_perpetual', pair: 'AAA-USDT', interval: '3m', window: 10 }

/** Candles of `step` seconds whose close is the time they open at. */
const clock = (from: number, to: number, step: number): Candles => {
  const times = Array.from({ length: (to - from) / step + 1 }, (_, n) => from + n * step)
  return candlesOf(times.map((time) => [time, time, time, time, time, 1]))
}

interface Changes {
  readonly mode?: BacktestMode
  readonly candles?: Candles
  readonly longer?: Candles | undefined
  readonly features?: (candles: Candles, mode: World['mode']) => Features | undefined
  readonly window?: { readonly from: number; readonly to: number }
}

/** Its feature is the open of the longer candles, which is the time they open at. */
const input = ({ mode = 'hummingbot', candles = clock(600, 1200, 60), longer, features, window }: Changes) => {
  const controller: Controller = {
    name: 'x',
    type: 'generic',
    schema: z.custom<ControllerConfig>(),
    markets: () => [MARKET],
    ...(longer === undefined
      ? {}
      : {
          features: (_config, series, seenIn) => {
            const seen = series(FEED)
            if (seen === undefined) return undefined
            if (features !== undefined) return features(seen, seenIn)
            return { timestamp: seen.timestamp, columns: new Map([['opened', seen.timestamp]]) }
          },
        }),
    start: () => () => [],
  }
  const given: BacktestInput = {
    controller,
    config: {
      id: 'x',
      controller_name: 'x',
      controller_type: 'generic',
      total_amount_quote: 1,
      manual_kill_switch: false,
    },
    market: MARKET,
    candles,
    feed: () => longer,
    rules: undefined,
    tradeCost: 0,
    mode,
    ...(window === undefined ? {} : { window }),
  }
  return given
}

const column = (changes: Changes, name: string) => [...(prepare(input(changes)).processed.columns.get(name) ?? [])]

t.test('a row is joined with the last longer candle that has opened, as the original does', async (t) => {
  const longer = clock(360, 1260, 180)
  t.same(column({ longer }, 'timestamp'), [720, 780, 840, 900, 960, 1020, 1080, 1140, 1200], 'warm-up is not seen')
  t.same(column({ longer }, 'opened'), [720, 720, 720, 900, 900, 900, 1080, 1080, 1080])
})

t.test('a careful backtest waits until it has closed, and has warmed up before', async (t) => {
  const changes: Changes = { mode: 'realistic', longer: clock(360, 1260, 180) }
  t.same(column(changes, 'timestamp'), [600, 660, 720, 780, 840, 900, 960, 1020, 1080, 1140, 1200])
  // The candle that opens at 540 is over at 720, which is when the minute of 660 closes.
  t.same(column(changes, 'opened'), [360, 540, 540, 540, 720, 720, 720, 900, 900, 900, 1080])
})

t.test('features of the same candles are joined with their own row in both modes', async (t) => {
  for (const mode of ['hummingbot', 'realistic'] as const)
    t.same(column({ mode, longer: clock(600, 1200, 60) }, 'opened'), column({ mode }, 'timestamp'))
})

t.test('the window cuts the rows, both ends included, and what the original sees of feeds', async (t) => {
  const [window, longer] = [{ from: 660, to: 1000 }, clock(360, 1260, 180)]
  t.same(column({ window }, 'timestamp'), [660, 720, 780, 840, 900, 960])
  t.same(column({ window, longer }, 'opened'), [720, 720, 720, 900, 900])
  t.same(column({ window, longer, mode: 'realistic' }, 'opened'), [540, 540, 540, 720, 720, 720])
})

t.test('rows on which anything is not known are left out', async (t) => {
  const candles = clock(600, 1200, 60)
  candles.volume[3] = Number.NaN
  t.same(column({ candles }, 'timestamp'), [600, 660, 720, 840, 900, 960, 1020, 1080, 1140, 1200])
  const gaps = ({ timestamp }: Candles): Features => ({
    timestamp,
    columns: new Map([
      ['a', timestamp.map((time) => (time === 660 ? Number.NaN : time))],
      ['open', timestamp.map(() => Number.NaN)],
      ['b', timestamp.map((time) => (time > 900 ? Number.NaN : -time))],
    ]),
  })
  const changes = { candles, longer: clock(600, 1200, 60), features: gaps }
  t.same(column(changes, 'a'), [600, 720, 840, 900])
  t.same(column(changes, 'b'), [-600, -720, -840, -900])
  t.same(column(changes, 'open'), [600, 720, 840, 900], 'the prices are those of the row')
})

t.test('the columns are in the order of the original', async (t) => {
  const own = ['timestamp_bt', 'open_bt', 'high_bt', 'low_bt', 'close_bt', 'volume_bt', 'n_trades_bt']
  const candles = { ...clock(600, 1200, 60), extra: new Map([['n_trades', new Float64Array(11)]]) }
  const names = (changes: Changes) => [...prepare(input({ candles, ...changes })).processed.columns.keys()]
  const plain = ['timestamp', 'open', 'high', 'low', 'close', 'volume']
  t.same(names({}), [...own, 'reference_price', 'spread_multiplier', 'signal', ...plain])
  t.same(names({ longer: candles }), [...own, 'opened', ...plain])
  const withCandles = ({ timestamp, close }: Candles): Features => ({
    timestamp,
    columns: new Map([
      ['timestamp', timestamp],
      ['close', close],
      ['n_trades', close],
      ['signal', close],
    ]),
  })
  t.same(names({ longer: candles, features: withCandles }), [
    ...own,
    ...['timestamp', 'close', 'n_trades', 'signal', 'open', 'high', 'low', 'volume'],
  ])
})

t.test('nothing to trade on is an error that says so', async (t) => {
  t.throws(() => prepare(input({ window: { from: 5000, to: 6000 } })), BacktestImpossible)
  t.throws(() => prepare(input({ longer: clock(600, 1200, 60), features: () => undefined })), /need more candles/)
  const never = ({ timestamp }: Candles): Features => ({
    timestamp,
    columns: new Map([['never', timestamp.map(() => Number.NaN)]]),
  })
  t.throws(() => prepare(input({ longer: clock(600, 1200, 60), features: never })), /need more candles/)
})

t.test('a controller sees the candles of a feed up to now', async (t) => {
  const longer = clock(360, 1260, 180)
  const seenAt = (mode: BacktestMode, row: number) => {
    const prepared = prepare(input({ mode, longer }))
    const world = new BacktestWorld(mode, prepared, MARKET, undefined)
    const now = prepared.candles.timestamp[row] ?? 0
    world.go(row, now, 1)
    return { now, closes: [...(world.candles(FEED)?.close ?? [])] }
  }
  t.same(seenAt('hummingbot', 4), { now: 960, closes: [720, 900] })
  t.same(seenAt('realistic', 6), { now: 960, closes: [360, 540, 720] })
})

t.test('prices and amounts are rounded down to steps, as their decimals are', async (t) => {
  const prepared = prepare(input({}))
  const rules = {
    min_order_size: 0,
    min_price_increment: 0.01,
    min_base_amount_increment: 0.001,
    min_notional_size: 0,
  }
  const world = new BacktestWorld('hummingbot', prepared, MARKET, rules)
  world.go(0, 600, 123)
  const other = { ...MARKET, trading_pair: 'BBB-USDT' }
  // The double that is written 99.72 lies below it, the one written 99.75 is exact.
  t.equal(world.quantizePrice(MARKET, 99.72), 99.71)
  t.equal(world.quantizePrice(MARKET, 99.75), 99.75)
  t.equal(world.quantizePrice(MARKET, 99.759), 99.75)
  t.equal(world.quantizeAmount(MARKET, 1.0019), 1.001)
  t.equal(world.quantizePrice(other, 99.759), 99.759)
  t.same([world.mid(MARKET), world.mid(other)], [123, 1])
  t.same([world.rules(MARKET), world.rules(other)], [rules, undefined])
  const unruled = new BacktestWorld('hummingbot', prepared, MARKET, undefined)
  t.equal(unruled.quantizePrice(MARKET, 99.759), 99.759)
})
