import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import t from 'tap'
import { z } from 'zod'
import type { Candles } from '../../candles.ts'
import { nearest } from '../../numbers/exact.ts'
import { created } from '../../testing/actions.ts'
import { candlesOf } from '../../testing/series.ts'
import { anExecutor, aWorld } from '../../testing/world.ts'
import type { World } from '../controller.ts'
import { dmanMakerV2 } from './dman-maker-v2.ts'
import { pmmDynamic } from './pmm-dynamic.ts'

const featuresOf = (candles: Candles, mode: World['mode'], changes: Record<string, unknown> = {}) => {
  const features = pmmDynamic.features?.(pmmDynamic.schema.parse({ id: 'maker', ...changes }), () => candles, mode)
  return {
    rows: features?.timestamp.length,
    names: [...(features?.columns.keys() ?? [])],
    reference: features?.columns.get('reference_price') ?? new Float64Array(),
    spread: features?.columns.get('spread_multiplier') ?? new Float64Array(),
  }
}

const walk = fc
  .array(fc.tuple(fc.double({ min: -0.01, max: 0.01, noNaN: true }), fc.double({ min: 0, max: 0.01, noNaN: true })), {
    minLength: 170,
    maxLength: 190,
  })
  .map((steps) => {
    let close = 100
    return candlesOf(
      steps.map(([move, wick], at) => {
        const open = close
        close = open * (1 + move)
        return [at * 180, open, Math.max(open, close) * (1 + wick), Math.min(open, close) * (1 - wick), close, 1]
      }),
    )
  })

const cut = (candles: Candles, from: number, to: number): Candles => ({
  ...candles,
  length: to - from,
  timestamp: candles.timestamp.subarray(from, to),
  open: candles.open.subarray(from, to),
  high: candles.high.subarray(from, to),
  low: candles.low.subarray(from, to),
  close: candles.close.subarray(from, to),
  volume: candles.volume.subarray(from, to),
})

const file = fileURLToPath(new URL('../../../../../../shared/spec/controllers/golden-indicators.json', import.meta.url))
const Golden = z.object({
  candles: z.array(z.array(z.number())),
  'pmm_dynamic (defaults, last 142 candles)': z.object({
    reference_price: z.number(),
    spread_multiplier: z.number(),
  }),
})

t.test(
  'pmm_dynamic: the recorded reference price and spread',
  { skip: existsSync(file) ? false : 'the golden indicators are not on this machine' },
  async (t) => {
    const golden = Golden.parse(JSON.parse(readFileSync(file, 'utf8')))
    const expected = golden['pmm_dynamic (defaults, last 142 candles)']
    const candles = candlesOf(golden.candles.slice(-142))
    const live = featuresOf(candles, 'live')
    t.same(live.names.slice(-2), ['spread_multiplier', 'reference_price'], 'behind those of the candles')
    t.ok(Math.abs((live.reference.at(-1) ?? 0) / expected.reference_price - 1) < 1e-12, `${live.reference.at(-1)}`)
    t.ok(Math.abs((live.spread.at(-1) ?? 0) / expected.spread_multiplier - 1) < 1e-12)
    const whole = featuresOf(candlesOf(golden.candles), 'realistic')
    t.equal(whole.reference.at(-1), live.reference.at(-1), 'a realistic backtest sees what it saw live')
    t.equal(featuresOf(candles, 'hummingbot').reference.at(-1), live.reference.at(-1))
  },
)

t.test('pmm_dynamic: a series that is too short gives nothing', async (t) => {
  const rows = (count: number) => candlesOf(Array.from({ length: count }, (_, at) => [at, 1, 2, 1, 1 + (at % 2), 1]))
  t.equal(featuresOf(rows(49), 'hummingbot').rows, undefined)
  t.equal(featuresOf(rows(50), 'hummingbot').rows, 50)
  t.equal(featuresOf(rows(49), 'hummingbot', { macd_fast: 42, macd_slow: 21 }).rows, undefined)
})

t.test('pmm_dynamic: hummingbot shifts every row by the last, realistic each by what was known', async () => {
  fc.assert(
    fc.property(walk, fc.integer({ min: 142, max: 165 }), (candles, known) => {
      const { reference } = featuresOf(candles, 'hummingbot')
      const shift = (row: number) => (reference[row] ?? 0) / (candles.close[row] ?? 1)
      if (Math.abs(shift(0) - shift(candles.length - 1)) > 1e-12) return false

      const all = featuresOf(candles, 'realistic')
      const live = featuresOf(cut(candles, known - 142, known), 'live')
      return (
        Number.isNaN(all.reference[140]) &&
        all.reference[known - 1] === live.reference.at(-1) &&
        all.spread[known - 1] === live.spread.at(-1)
      )
    }),
    { numRuns: 30 },
  )
})

t.test('pmm_dynamic: spreads are in units of the range around the shifted close', async (t) => {
  const config = pmmDynamic.schema.parse({
    id: 'maker',
    buy_spreads: '1,2,4',
    sell_spreads: 1,
    total_amount_quote: 400,
  })
  const market = { connector: 'binance_perpetual', pair: 'WLD-USDT', interval: '3m', window: 142 }
  t.same(pmmDynamic.feeds?.(config), [market], 'its own market, as no other is configured')
  const elsewhere = { ...config, candles_connector: 'kraken', candles_trading_pair: 'WLD-USD', natr_length: 100 }
  t.same(pmmDynamic.feeds?.(elsewhere), [{ ...market, connector: 'kraken', pair: 'WLD-USD', window: 200 }])

  const features: Record<string, number> = { reference_price: 200, spread_multiplier: 0.25 }
  const seen = aWorld({ feature: (column) => features[column] ?? Number.NaN })
  const made = created(pmmDynamic.start(config)(seen))
  t.same(
    made.map((executor) => executor.type === 'position_executor' && [nearest(executor.entry_price), executor.amount]),
    [
      [150, 100 / 150],
      [100, 1],
      [250, 0.4],
    ],
    'a level at or below nothing is left out',
  )
  t.same(created(pmmDynamic.start(config)(aWorld())), [], 'nothing before there is a reference price')
})

t.test('dman_maker_v2: an entry in steps at each level', async (t) => {
  const config = dmanMakerV2.schema.parse({
    id: 'maker',
    total_amount_quote: 100,
    buy_spreads: '0.5',
    sell_spreads: '0.25',
    dca_spreads: '0.5,0.75',
    dca_amounts: '1,3',
    trailing_stop: '0.01,0.002',
    executor_activation_bounds: '0.01',
  })
  const [buy, sell] = created(dmanMakerV2.start(config)(aWorld()))
  const steps = {
    type: 'dca_executor',
    connector_name: 'binance_perpetual',
    trading_pair: 'WLD-USDT',
    leverage: 20,
    take_profit: 0.02,
    stop_loss: 0.03,
    trailing_stop: { activation_price: 0.01, trailing_delta: 0.002 },
    time_limit: 2700,
    mode: 'MAKER',
    activation_bounds: [0.01],
  }
  // 50 of quote at a level of 50 is 1 of base, a quarter of it at 25 and the rest at 12.5.
  const prices = (executor: unknown) =>
    z
      .object({ prices: z.array(z.object({ hi: z.number() })) })
      .parse(executor)
      .prices.map(({ hi }) => hi)
  t.match(buy, { ...steps, side: 'BUY', level_id: 'buy_0', amounts_quote: [6.25, 9.375] })
  t.same(prices(buy), [25, 12.5])
  t.match(sell, { ...steps, side: 'SELL', level_id: 'sell_0', amounts_quote: [18.75, 65.625] })
  t.same(prices(sell), [187.5, 218.75])
})

t.test(
  'dman_maker_v2: amounts that are left empty are equal, and their number must be that of the spreads',
  async (t) => {
    const config = dmanMakerV2.schema.parse({
      id: 'maker',
      buy_spreads: 0,
      sell_spreads: '',
      dca_spreads: '0,0',
      dca_amounts: '',
    })
    t.match(created(dmanMakerV2.start(config)(aWorld())), [{ amounts_quote: [50, 50] }])
    const { error } = dmanMakerV2.schema.safeParse({ id: 'maker', dca_amounts: '1,2' })
    t.same(
      error?.issues.map(({ path }) => path),
      [['dca_amounts']],
    )
  },
)

t.test('dman_maker_v2: only the closest levels may be refreshed sooner', async (t) => {
  const now = 1_000_000
  const decide = (changes: Record<string, unknown>, age: number) => {
    const config = dmanMakerV2.schema.parse({
      id: 'maker',
      connector_name: 'binance',
      trading_pair: 'BTC-USDT',
      ...changes,
    })
    const active = created(dmanMakerV2.start(config)(aWorld())).map((executor) =>
      anExecutor(executor, { timestamp: now - age }),
    )
    return dmanMakerV2
      .start(config)(aWorld({ now, active }))
      .flatMap((action) => (action.type === 'stop' ? [action.executor.levelId] : []))
  }
  t.same(decide({}, 61), [])
  t.same(decide({ top_executor_refresh_time: 60 }, 60), [])
  t.same(decide({ top_executor_refresh_time: 60 }, 61), ['buy_0', 'sell_0'], 'a rebalance is no level')
  t.same(decide({ top_executor_refresh_time: 600 }, 301), ['position_rebalance', 'buy_0', 'buy_1', 'sell_0', 'sell_1'])
})
