import { z } from 'zod'
import { HummingbotPosition } from '../../backtest/simulators/hummingbot/position.ts'
import { simulate } from '../../backtest/simulators/simulate.ts'
import type { Candles } from '../../candles.ts'
import { exactOf, nearest, type Price } from '../../numbers/exact.ts'
import { aDca, aGrid, anOrder, aPosition, barrierOf } from '../executors.ts'
import { type PreparedCase, simulatorSuite } from './simulator-case.ts'

const number = z.union([z.string(), z.number()]).transform(Number)
/** What is a double counts with all its digits, as it was written and not calculated. */
const price = z.union([z.string(), z.number()]).transform((written): Price => {
  const value = exactOf(written)
  return value.lo === 0 ? value.hi : value
})
const side = z.enum(['BUY', 'SELL'])
const trailing = z.object({ activation_price: number, trailing_delta: number }).nullable()

const positionCase = z.object({
  window: z.enum(['engine', 'full']).optional(),
  config: z.object({
    side,
    entry_price: price,
    amount: number,
    open_order_type: z.enum(['MARKET', 'LIMIT', 'LIMIT_MAKER']),
    take_profit: number.nullable(),
    stop_loss: number.nullable(),
    time_limit: z.number().nullable(),
    trailing_stop: trailing,
  }),
})

const preparePosition = ({ window, config: given }: z.infer<typeof positionCase>, candles: Candles): PreparedCase => {
  const { side, entry_price, amount, ...barriers } = given
  const config = aPosition({ side, entry_price, amount, triple_barrier_config: barrierOf(barriers) })
  return {
    config,
    timeLimit: given.time_limit,
    window,
    // Given all rows, it looks for its entry behind its time limit as well.
    simulate:
      window === 'full'
        ? (id, _config, market, row) => new HummingbotPosition(id, config, market, row, candles.length - 1)
        : simulate.hummingbot,
  }
}

export const goldenPositions = simulatorSuite({ schema: positionCase, prepare: preparePosition })

export const goldenDcas = simulatorSuite({
  schema: z.object({
    config: z.object({
      side,
      prices: z.array(price),
      amounts_quote: z.array(number),
      take_profit: number.nullable(),
      stop_loss: number.nullable(),
      time_limit: z.number().nullable(),
      trailing_stop: trailing,
      mode: z.enum(['MAKER', 'TAKER']),
    }),
  }),
  prepare: ({ config }) => ({
    config: aDca(config),
    timeLimit: config.time_limit,
    simulate: simulate.hummingbot,
  }),
})

export const goldenOrders = simulatorSuite({
  schema: z.object({
    config: z.object({
      side,
      amount: number,
      price: price.nullable(),
      execution_strategy: z.enum(['LIMIT', 'LIMIT_MAKER', 'MARKET', 'LIMIT_CHASER']),
    }),
  }),
  prepare: ({ config }) => ({
    config: anOrder(config),
    timeLimit: null,
    simulate: simulate.hummingbot,
  }),
})

export const goldenGrids = simulatorSuite({
  schema: z.object({
    config: z.object({
      side,
      start_price: price,
      end_price: price,
      limit_price: price,
      total_amount_quote: number,
      min_spread_between_orders: number.nullable(),
      min_order_amount_quote: number.nullable(),
      take_profit: number.nullable(),
      stop_loss: number.nullable(),
      time_limit: z.number().nullable(),
      coerce_tp_to_step: z.boolean(),
      keep_position: z.boolean(),
      max_open_orders: z.number(),
    }),
    trading_rules: z
      .object({
        min_order_size: number,
        min_price_increment: number,
        min_base_amount_increment: number,
        min_notional_size: number,
      })
      .nullable()
      .optional(),
    expected: z.object({ fill_events: z.array(z.unknown()).optional(), grid_limit_price: z.unknown().optional() }),
  }),
  prepare: ({ config: { take_profit, stop_loss, time_limit, ...config }, trading_rules, expected }) => ({
    config: aGrid({ triple_barrier_config: barrierOf({ take_profit, stop_loss, time_limit }), ...config }),
    timeLimit: time_limit,
    simulate: simulate.hummingbot,
    ...(trading_rules ? { rules: trading_rules } : {}),
    more: ({ grid, side }) => {
      const fills = grid?.fills ?? []
      // A case shows the first fills and tells how many there are.
      const shown = fills.slice(0, expected.fill_events?.length)
      return {
        grid_level_prices: grid?.levelPrices,
        grid_tp_prices: grid?.takeProfitPrices,
        grid_side: side,
        grid_limit_price: nearest(config.limit_price),
        fill_events_count: fills.length,
        fill_events_truncated: shown.length < fills.length,
        fill_events: shown.map(({ timestamp, price, side, levelIndex, amountQuote }) => ({
          timestamp,
          price,
          side,
          level_idx: levelIndex,
          amount_quote: amountQuote,
        })),
        levels: grid?.levelPrices.map((price, level) => ({
          id: `L${level}`,
          price,
          amount_quote: grid.amountQuote,
          take_profit: grid.takeProfit,
        })),
      }
    },
  }),
})
