import { type BacktestMode, type Candles, type ExecutorConfig, findController, runBacktest } from '@colibri/strategy'
import {
  aDca,
  aGrid,
  anOrder,
  aPosition,
  barrierOf,
  marketOf,
  type Simulation,
  simulate,
} from '@colibri/strategy/testing'
import type { Figure } from '../report.ts'
import { BACKTEST_CASES, MARKET, RULES, TRADE_COST } from './cases.ts'
import { intervalOf, isAtHand, loadSeries } from './series.ts'

/** Executors are begun every so many rows, one of each side. */
const APART = 13

const HOUR = 3600

/** What became of the same executors in each mode. */
type Outcomes = Readonly<Record<BacktestMode, readonly Simulation[]>>

/** What `docs/backtesting.md` says the modes differ by, on real candles: alike executors, and whole backtests. */
export const measureModes = (): readonly Figure[] => {
  if (!isAtHand('real 5m')) {
    console.log('no figures of the modes: the real 5m candles are not at hand')
    return []
  }
  const candles = loadSeries('real 5m')
  return [
    ...marketEntries(candles),
    ...limitEntries(candles),
    ...wideLimits(candles),
    ...dcas(candles),
    ...grids(candles),
    ...orders(candles),
    ...wholeBacktests(candles),
  ]
}

const outcomesOf = (candles: Candles, make: (side: 'BUY' | 'SELL', price: number) => ExecutorConfig): Outcomes => {
  const market = marketOf(candles, TRADE_COST)
  const run = (mode: BacktestMode): readonly Simulation[] => {
    const found: Simulation[] = []
    for (let start = 0; start < candles.length - 300; start += APART) {
      for (const side of ['BUY', 'SELL'] as const) {
        const simulation = simulate[mode]('m', make(side, candles.close[start] ?? Number.NaN), market, start)
        if (simulation === undefined) continue
        for (let row = start + 1; simulation.isActive; row++) simulation.advance(row)
        found.push(simulation)
      }
    }
    return found
  }
  return { hummingbot: run('hummingbot'), realistic: run('realistic') }
}

const mean = (values: readonly number[]): number =>
  values.length === 0 ? Number.NaN : values.reduce((total, value) => total + value, 0) / values.length

const share = <T>(all: readonly T[], is: (each: T) => boolean): number => all.filter(is).length / all.length

const percent = (name: string, value: number): Figure => ({ name, value: Number((100 * value).toFixed(6)), unit: '%' })

const bothOf = (name: string, { hummingbot, realistic }: Outcomes, figure: (all: readonly Simulation[]) => number) => [
  percent(`${name}, hummingbot`, figure(hummingbot)),
  percent(`${name}, realistic`, figure(realistic)),
]

const filled = ({ filledAmountQuote }: Simulation): boolean => filledAmountQuote > 0
const endedBy = (type: Simulation['closeType']) => (each: Simulation) => each.closeType === type && filled(each)

/** The profit before fees of each that ended in a way, of its entry. */
const grossOf = (type: Simulation['closeType']) => (all: readonly Simulation[]) =>
  mean(all.filter(endedBy(type)).map(gross))

const gross = ({ netPnlQuote, netPnlPct, cumFeesQuote }: Simulation): number =>
  netPnlPct + (netPnlQuote === 0 ? 0 : (cumFeesQuote * netPnlPct) / netPnlQuote)

const positionAt = (side: 'BUY' | 'SELL', price: number, barriers: Parameters<typeof barrierOf>[0]): ExecutorConfig =>
  aPosition({ side, entry_price: price, amount: 1000 / price, triple_barrier_config: barrierOf(barriers) })

const BARRIERS = { take_profit: 0.01, stop_loss: 0.01, time_limit: 6 * HOUR } as const

const marketEntries = (candles: Candles): readonly Figure[] => {
  const outcomes = outcomesOf(candles, (side, price) =>
    positionAt(side, price, { ...BARRIERS, open_order_type: 'MARKET' }),
  )
  const stopped = outcomes.hummingbot.filter(endedBy('STOP_LOSS'))
  return [
    ...bothOf('market entries: net profit', outcomes, (all) => mean(all.map(({ netPnlPct }) => netPnlPct))),
    ...bothOf('market entries: stopped', outcomes, (all) => share(all, endedBy('STOP_LOSS'))),
    ...bothOf('market entries: gross at the stop of 1%', outcomes, grossOf('STOP_LOSS')),
    percent(
      'market entries: stopped without the loss, hummingbot',
      share(stopped, (each) => gross(each) > -0.0099),
    ),
    percent(
      'market entries: stopped by the candle before the entry, hummingbot',
      share(stopped, ({ closeTimestamp, timestamp }) => closeTimestamp === timestamp),
    ),
    percent(
      'market entries: stopped with a gain, hummingbot',
      share(stopped, (each) => gross(each) > 0),
    ),
    ...bothOf('market entries: took their profit', outcomes, (all) => share(all, endedBy('TAKE_PROFIT'))),
    ...bothOf('market entries: gross at the profit of 1%', outcomes, grossOf('TAKE_PROFIT')),
  ]
}

const limitEntries = (candles: Candles): readonly Figure[] => {
  const outcomes = outcomesOf(candles, (side, price) =>
    positionAt(side, price * (side === 'BUY' ? 0.998 : 1.002), BARRIERS),
  )
  return [
    ...bothOf('limits 0.2% away: filled', outcomes, (all) => share(all, filled)),
    ...bothOf('limits 0.2% away: net profit of all', outcomes, (all) => mean(all.map(({ netPnlPct }) => netPnlPct))),
  ]
}

const wideLimits = (candles: Candles): readonly Figure[] => {
  const outcomes = outcomesOf(candles, (side, price) =>
    positionAt(side, price * (side === 'BUY' ? 0.995 : 1.005), { ...BARRIERS, stop_loss: 0.003 }),
  )
  const isStoppedUnfilled = (each: Simulation) => each.closeType === 'STOP_LOSS' && !filled(each)
  return [
    ...bothOf('limits 0.5% away, stop 0.3%: filled', outcomes, (all) => share(all, filled)),
    ...bothOf('limits 0.5% away, stop 0.3%: stopped unfilled', outcomes, (all) => share(all, isStoppedUnfilled)),
  ]
}

const dcas = (candles: Candles): readonly Figure[] => {
  const outcomes = outcomesOf(candles, (side, price) => {
    const sign = side === 'BUY' ? 1 : -1
    return aDca({
      side,
      prices: [0.002, 0.01, 0.02].map((spread) => price * (1 - sign * spread)),
      amounts_quote: [200, 300, 500],
      take_profit: 0.01,
      stop_loss: 0.02,
      time_limit: 24 * HOUR,
    })
  })
  const { hummingbot, realistic } = outcomes
  const untraded = share(hummingbot, (each) => !filled(each)) - share(realistic, (each) => !filled(each))
  return [
    ...bothOf('DCA of three: traded', outcomes, (all) => share(all, filled)),
    percent('DCA of three: entries that hummingbot does not count', untraded),
    ...bothOf('DCA of three: net profit of 1000', outcomes, (all) => mean(all.map((each) => each.netPnlQuote / 1000))),
    ...bothOf('DCA of three: took their profit', outcomes, (all) =>
      share(all, ({ closeType }) => closeType === 'TAKE_PROFIT'),
    ),
  ]
}

const grids = (candles: Candles): readonly Figure[] => {
  const outcomes = outcomesOf(candles, (side, price) => {
    const limit = side === 'BUY' ? 0.98 : 1.02
    return aGrid({
      side,
      start_price: price * 0.985,
      end_price: price * 1.015,
      limit_price: price * limit,
      total_amount_quote: 1000,
      min_spread_between_orders: 0.001,
      triple_barrier_config: barrierOf({ take_profit: 0.002, time_limit: 24 * HOUR }),
      keep_position: true,
    })
  })
  const held = (all: readonly Simulation[]) => all.filter(({ closeType }) => closeType === 'POSITION_HOLD')
  return [
    ...bothOf('grids: net profit of 1000, those not kept', outcomes, (all) =>
      mean(all.filter(({ closeType }) => closeType !== 'POSITION_HOLD').map((each) => each.netPnlQuote / 1000)),
    ),
    ...bothOf('grids: kept as a position', outcomes, (all) => held(all).length / all.length),
    ...bothOf('grids: what is kept, of 1000', outcomes, (all) =>
      mean(held(all).map(({ leaves }) => (leaves?.quote ?? 0) / 1000)),
    ),
  ]
}

const orders = (candles: Candles): readonly Figure[] => {
  const outcomes = outcomesOf(candles, (side, price) =>
    anOrder({
      side,
      amount: 1000 / price,
      price: price * (side === 'BUY' ? 0.998 : 1.002),
      execution_strategy: 'LIMIT',
    }),
  )
  const better = ({ config, averagePrice, side }: Simulation): number => {
    if (config.type !== 'order_executor' || typeof config.price !== 'number') return Number.NaN
    return ((side === 'BUY' ? -1 : 1) * (averagePrice - config.price)) / config.price
  }
  return bothOf('limit orders: filled better than their limit by', outcomes, (all) =>
    mean(all.filter(filled).map(better)),
  )
}

const wholeBacktests = (candles: Candles): readonly Figure[] =>
  BACKTEST_CASES.flatMap(({ name, type, config }) => {
    const controller = findController(type, name)
    if (controller === undefined) return []
    const given = config({
      interval: intervalOf('real 5m'),
      lowest: candles.low.reduce((a, b) => Math.min(a, b)),
      highest: candles.high.reduce((a, b) => Math.max(a, b)),
    })
    return (['hummingbot', 'realistic'] as const).flatMap((mode) => {
      const { results } = runBacktest({
        controller,
        config: controller.schema.parse(given),
        market: MARKET,
        candles,
        feed: () => candles,
        rules: RULES,
        tradeCost: TRADE_COST,
        mode,
      })
      return [
        { name: `${name}, ${mode}: net profit`, value: results.net_pnl_quote, unit: 'USDT of 1000' },
        { name: `${name}, ${mode}: executors that traded`, value: results.total_executors_with_position, unit: '' },
        { name: `${name}, ${mode}: volume`, value: results.total_volume, unit: 'USDT' },
        { name: `${name}, ${mode}: fees`, value: results.total_fees_quote, unit: 'USDT' },
        { name: `${name}, ${mode}: drawdown`, value: results.max_drawdown_usd, unit: 'USDT' },
      ]
    })
  })
