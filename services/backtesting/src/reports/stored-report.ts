import {
  CLOSE_TYPES,
  type CloseType,
  type Controller,
  findController,
  type ReportExecutor,
  type ReportInput,
  RUNNABLE_STATUSES,
  SIDES,
  shownConfig,
} from '@colibri/strategy'
import { z } from 'zod'
import { ResultGone, type StoredResult } from '../results/stored-results.ts'
import { isControllerType } from '../workers/load-controller.ts'

/** Enumerations are numbers in what is stored. */
const named = <Name extends string>(numbers: Readonly<Record<Name, number>>) =>
  z.number().transform((number, context): Name => {
    const name = (Object.keys(numbers) as Name[]).find((key) => numbers[key] === number)
    if (name !== undefined) return name
    context.addIssue(`${number} is none of ${Object.values(numbers).join(', ')}`)
    return z.NEVER
  })

const market = z.object({ connector_name: z.string(), trading_pair: z.string() })
const side = named(SIDES).nullable()

const storedExecutor = z
  .object({
    id: z.string(),
    timestamp: z.number(),
    type: z.string(),
    status: named(RUNNABLE_STATUSES),
    net_pnl_pct: z.number(),
    net_pnl_quote: z.number(),
    cum_fees_quote: z.number(),
    filled_amount_quote: z.number(),
    close_timestamp: z.number().nullable(),
    close_type: named(CLOSE_TYPES).nullable(),
    side,
    custom_info: z.object({
      level_id: z.string().nullable(),
      current_position_average_price: z.number(),
      open_order_last_update: z.number(),
      fill_events: z
        .array(z.object({ timestamp: z.number(), price: z.number(), side: z.enum(['entry', 'tp']) }))
        .default([]),
    }),
  })
  .transform(
    ({ custom_info, ...executor }): ReportExecutor => ({
      id: executor.id,
      timestamp: executor.timestamp,
      type: executor.type,
      status: executor.status,
      side: executor.side,
      levelId: custom_info.level_id,
      closeType: executor.close_type,
      closeTimestamp: executor.close_timestamp,
      netPnlPct: executor.net_pnl_pct,
      netPnlQuote: executor.net_pnl_quote,
      cumFeesQuote: executor.cum_fees_quote,
      filledAmountQuote: executor.filled_amount_quote,
      averagePrice: custom_info.current_position_average_price,
      openOrderLastUpdate: custom_info.open_order_last_update,
      fills: custom_info.fill_events,
    }),
  )

const storedHold = market
  .extend({
    buy_amount_base: z.number(),
    buy_amount_quote: z.number(),
    sell_amount_base: z.number(),
    sell_amount_quote: z.number(),
    net_amount_base: z.number(),
    cum_fees_quote: z.number(),
    volume_traded_quote: z.number(),
    is_closed: z.boolean(),
    n_executors: z.number(),
  })
  .transform((hold) => ({
    connector_name: hold.connector_name,
    trading_pair: hold.trading_pair,
    buyAmountBase: hold.buy_amount_base,
    buyAmountQuote: hold.buy_amount_quote,
    sellAmountBase: hold.sell_amount_base,
    sellAmountQuote: hold.sell_amount_quote,
    netAmountBase: hold.net_amount_base,
    cumFeesQuote: hold.cum_fees_quote,
    volumeTradedQuote: hold.volume_traded_quote,
    isClosed: hold.is_closed,
    executors: hold.n_executors,
  }))

const CLOSE_TYPE_NAMES = Object.keys(CLOSE_TYPES) as CloseType[]

/** The executors of a result, in the order they ended. */
export const storedExecutors = async (result: StoredResult): Promise<readonly ReportExecutor[]> => {
  const executors: ReportExecutor[] = []
  for await (const some of result.executors()) for (const one of some) executors.push(storedExecutor.parse(one))
  return executors
}

const storedResults = z.object({
  net_pnl: z.number(),
  net_pnl_quote: z.number(),
  total_executors: z.number(),
  total_executors_with_position: z.number(),
  total_volume: z.number(),
  total_long: z.number(),
  total_short: z.number(),
  close_types: z.union([z.literal(0), z.partialRecord(z.enum(CLOSE_TYPE_NAMES), z.number())]),
  accuracy_long: z.number(),
  accuracy_short: z.number(),
  total_positions: z.number(),
  accuracy: z.number(),
  max_drawdown_usd: z.number(),
  max_drawdown_pct: z.number(),
  sharpe_ratio: z.number(),
  profit_factor: z.number(),
  win_signals: z.number(),
  loss_signals: z.number(),
  unrealized_pnl_quote: z.number(),
  position_realized_pnl_quote: z.number(),
  total_fees_quote: z.number(),
})

/** What a report shows of a stored result. */
export const storedReport = async (result: StoredResult): Promise<ReportInput> => {
  const { config, resolution, mode, tradeCost } = result.spec
  const controller = standardController(config)
  const equity = await result.equity()
  return {
    controller: String(config.controller_name),
    config: shownConfig(controller, config),
    market: tradedMarket(controller, config),
    interval: resolution,
    mode,
    tradeCost,
    candles: equity,
    executors: await storedExecutors(result),
    results: storedResults.parse(result.figures),
    holds: await storedHolds(result),
    equity,
  }
}

const storedHolds = async (result: StoredResult) => {
  let text = ''
  try {
    for await (const piece of result.text('position_holds')) text += piece
  } catch (error) {
    // An empty list is not stored.
    if (!(error instanceof ResultGone)) throw error
  }
  return z.array(storedHold).parse(JSON.parse(`[${text}]`))
}

type Config = StoredResult['spec']['config']

const standardController = ({ controller_type: type, controller_name: name }: Config): Controller | undefined =>
  typeof type === 'string' && typeof name === 'string' && isControllerType(type)
    ? findController(type, name)
    : undefined

/** The market by which the controller calls it, or, of a user's own, the one in its configuration. */
const tradedMarket = (controller: Controller | undefined, config: Config): ReportInput['market'] => {
  const parsed = controller?.schema.safeParse(config)
  const [named] = parsed?.success === true ? (controller?.markets(parsed.data) ?? []) : []
  const said = market.safeParse(config)
  return named ?? (said.success ? said.data : { connector_name: 'its venue', trading_pair: 'its market' })
}
