import { z } from 'zod'
import type { Action, Controller, ControllerConfig, World } from '../../controllers/controller.ts'
import type { Executor } from '../../executors/executor.ts'
import type { ConnectorPair, ExecutorConfig } from '../../executors/executor-config.ts'
import { exactOf, type Price, plus, times } from '../../numbers/exact.ts'
import type { PositionSummary } from '../../positions/positions.ts'
import { aDca, anOrder, aPosition, barrierOf } from '../executors.ts'
import { anExecutor } from '../world.ts'

const decimal = z.union([z.string(), z.number()])
const fraction = decimal.nullish().transform((value) => (value === null || value === undefined ? null : Number(value)))
const side = z.enum(['BUY', 'SELL'])
const openType = z.enum(['MARKET', 'LIMIT', 'LIMIT_MAKER'])
const barriers = {
  tp: fraction,
  sl: fraction,
  tl: z
    .number()
    .nullish()
    .transform((value) => value ?? null),
}
const created = {
  action: z.literal('create'),
  id: z.string(),
  side,
  level_id: z
    .string()
    .nullish()
    .transform((value) => value ?? null),
}

const step = z.union([
  z.object({ action: z.literal('stop'), id: z.string(), keep_position: z.boolean().default(false) }),
  z.object({
    ...created,
    type: z.literal('order'),
    strategy: z.enum(['LIMIT', 'LIMIT_MAKER', 'MARKET', 'LIMIT_CHASER']),
    amount: decimal,
    price_off: decimal.default('0'),
  }),
  z.object({
    ...created,
    ...barriers,
    type: z.literal('position'),
    amount: decimal,
    price_off: decimal.default('0'),
    open: openType.default('MARKET'),
  }),
  z.object({ ...created, ...barriers, type: z.literal('dca'), amounts: z.array(decimal), offsets: z.array(decimal) }),
])
type Step = z.output<typeof step>

/** What a script says: the actions of a tick, by its number from the first. */
export const scriptOf = z.object({
  script: z.record(z.string(), z.array(step)),
  total_amount_quote: z.coerce.number(),
})

export interface Seen extends PositionSummary {
  readonly tick: number
  readonly timestamp: number
}

export interface Scripted {
  readonly controller: Controller
  readonly config: ControllerConfig
  /** The id the script gave an executor. */
  readonly idOf: (executor: Executor) => string | undefined
  /** What the controller has seen of positions, tick by tick. */
  readonly seen: readonly Seen[]
}

/** A controller that does what a script says. */
export const scripted = (content: unknown, market: ConnectorPair): Scripted => {
  const { script, total_amount_quote } = scriptOf.parse(content)
  const ids = new Map<ExecutorConfig, string>()
  const seen: Seen[] = []
  const idOf = ({ config }: Executor): string | undefined => ids.get(config)
  const actionOf = (world: World, next: Step): Action => {
    if (next.action === 'create') {
      const executor = executorOf(next, world.mid(market), market)
      ids.set(executor, next.id)
      return { type: 'create', executor }
    }
    return {
      type: 'stop',
      // Looked up when it is its turn: an action before it may just have created it.
      get executor() {
        return [...world.active, ...world.finished].find((each) => idOf(each) === next.id) ?? NOBODY
      },
      keepPosition: next.keep_position,
    }
  }
  const controller: Controller = {
    name: 'scripted',
    type: 'generic',
    schema: z.custom<ControllerConfig>(),
    markets: () => [market],
    start: () => {
      let tick = -1
      return (world) => {
        tick++
        for (const position of world.positions) seen.push(seenOf(position, tick, world.now))
        return (script[tick] ?? []).map((next) => actionOf(world, next))
      }
    },
  }
  const config: ControllerConfig = {
    id: 'scripted',
    controller_name: 'scripted',
    controller_type: 'generic',
    total_amount_quote,
    manual_kill_switch: false,
  }
  return { controller, config, idOf, seen }
}

/** Whom a stop finds that names an executor which was never created: what is not active is not stopped. */
const NOBODY: Executor = anExecutor(anOrder({}), { isActive: false })

/** The position itself is valued anew at every tick. */
const seenOf = (position: PositionSummary, tick: number, timestamp: number): Seen => ({
  tick,
  timestamp,
  connector_name: position.connector_name,
  trading_pair: position.trading_pair,
  side: position.side,
  amount: position.amount,
  breakevenPrice: position.breakevenPrice,
  unrealizedPnlQuote: position.unrealizedPnlQuote,
  realizedPnlQuote: position.realizedPnlQuote,
  cumFeesQuote: position.cumFeesQuote,
  volumeTradedQuote: position.volumeTradedQuote,
})

const offset = (price: number, by: string | number): Price => times(plus(1, exactOf(by)), price)

const executorOf = (
  next: Extract<Step, { action: 'create' }>,
  price: number,
  market: ConnectorPair,
): ExecutorConfig => {
  const common = { ...market, side: next.side, level_id: next.level_id }
  switch (next.type) {
    case 'order':
      return anOrder({
        ...common,
        amount: Number(next.amount),
        price: offset(price, next.price_off),
        execution_strategy: next.strategy,
      })
    case 'position':
      return aPosition({
        ...common,
        entry_price: offset(price, next.price_off),
        amount: Number(next.amount),
        triple_barrier_config: barrierOf({
          take_profit: next.tp,
          stop_loss: next.sl,
          time_limit: next.tl,
          open_order_type: next.open,
        }),
      })
    case 'dca':
      return aDca({
        ...common,
        amounts_quote: next.amounts.map(Number),
        prices: next.offsets.map((by) => offset(price, by)),
        take_profit: next.tp,
        stop_loss: next.sl,
        time_limit: next.tl,
      })
  }
}
