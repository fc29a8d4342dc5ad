import type { BacktestInput } from '../../backtest/backtest.ts'
import { growthOf } from '../../backtest/engine.ts'
import type { Simulate, SimulatedMarket } from '../../backtest/simulators/simulation.ts'
import type { ControllerConfig } from '../../controllers/controller.ts'
import type { Executor } from '../../executors/executor.ts'
import type { ExecutorConfig } from '../../executors/executor-config.ts'
import { fillOf, type Inventory } from '../../positions/inventory.ts'
import { PositionHold } from '../../positions/position-hold.ts'
import { aWorld } from '../world.ts'

/** An executor as it was on a row. */
export const copyOf = (executor: Executor): Executor => ({
  id: executor.id,
  timestamp: executor.timestamp,
  config: executor.config,
  status: executor.status,
  isActive: executor.isActive,
  isTrading: executor.isTrading,
  closeType: executor.closeType,
  closeTimestamp: executor.closeTimestamp,
  netPnlPct: executor.netPnlPct,
  netPnlQuote: executor.netPnlQuote,
  cumFeesQuote: executor.cumFeesQuote,
  filledAmountQuote: executor.filledAmountQuote,
  side: executor.side,
  levelId: executor.levelId,
  averagePrice: executor.averagePrice,
  openOrderLastUpdate: executor.openOrderLastUpdate,
})

/** The whole life of an executor, worked out when it is created: how it is on its rows from the first to the last. */
interface Life {
  readonly rows: readonly Executor[]
  readonly first: number
  readonly last: number
}

export interface NaivePoint {
  readonly timestamp: number
  readonly executorRealized: number
  readonly positionRealized: number
  readonly positionUnrealized: number
  readonly activeExecutors: number
  readonly cumulativeVolume: number
}

/**
 * A backtest of a controller without features, as the original goes about it, one rule after the other and with no
 * thought of speed: executors live on beforehand, and every tick looks up where each of them is.
 */
export const naiveBacktest = <Config extends ControllerConfig>(
  { candles, controller, config, tradeCost, market: traded, rules }: BacktestInput<Config>,
  simulate: Simulate,
): { readonly executors: readonly Executor[]; readonly points: readonly NaivePoint[] } => {
  const market: SimulatedMarket = { candles, growth: growthOf(candles.close), tradeCost, rules }
  const decide = controller.start(config)
  const holds: PositionHold[] = []
  const points: NaivePoint[] = []
  const stopped: Executor[] = []
  let lives: Life[] = []
  let queue: { readonly config: ExecutorConfig; readonly inventory: Inventory }[] = []
  let [created, realized, volume] = [0, 0, 0]

  const retire = (executor: Executor, row: number): void => {
    stopped.push(executor)
    volume += executor.filledAmountQuote
    if (executor.closeType === 'POSITION_HOLD' && executor.filledAmountQuote > 0)
      queue.push({ config: executor.config, inventory: inventoryOf(executor, candles.close[row] ?? 0) })
    else realized += executor.netPnlQuote
  }

  for (let row = 0; row < candles.length; row++) {
    const [now, price] = [candles.timestamp[row] ?? 0, candles.close[row] ?? 0]
    for (const { config: of, inventory } of queue) {
      if (!('trading_pair' in of)) continue
      const { connector_name, trading_pair } = of
      let hold = holds.find(({ market: m }) => m.connector_name === connector_name && m.trading_pair === trading_pair)
      if (hold === undefined) {
        hold = new PositionHold({ connector_name, trading_pair })
        holds.push(hold)
      }
      hold.add(fillOf(inventory))
    }
    queue = []
    const over = lives.filter(({ last }) => last <= row)
    lives = lives.filter(({ last }) => last > row)
    for (const { rows, last } of over) retire(rows.at(-1) ?? impossible(), last)
    for (const hold of holds) hold.valueAt(price)
    const positions = holds.filter(({ isOpen }) => isOpen).map(({ summary }) => summary)
    points.push({
      timestamp: now,
      executorRealized: realized,
      positionRealized: positions.reduce((sum, { realizedPnlQuote }) => sum + realizedPnlQuote, 0),
      positionUnrealized: positions.reduce((sum, { unrealizedPnlQuote }) => sum + unrealizedPnlQuote, 0),
      activeExecutors: lives.length,
      cumulativeVolume: volume,
    })
    const active = lives.map(({ rows, first }) => rows[row - first] ?? impossible())
    const isTraded = (m: { readonly trading_pair: string }) => m.trading_pair === traded.trading_pair
    const world = aWorld({ now, mid: (m) => (isTraded(m) ? price : 1), active, finished: [...stopped], positions })
    for (const action of decide(world)) {
      if (row === candles.length - 1) break
      if (action.type === 'create') {
        const life = lifeOf(simulate, `${config.id}-${++created}`, action.executor, market, row)
        if (life !== undefined) lives.push(life)
        continue
      }
      const life = lives.find(({ rows }) => rows[0]?.id === action.executor.id)
      if (life === undefined) continue
      lives = lives.filter((each) => each !== life)
      const sample = life.rows[row - life.first] ?? impossible()
      const isKept = action.keepPosition && sample.filledAmountQuote > 0
      const closeType = isKept ? 'POSITION_HOLD' : 'EARLY_STOP'
      retire({ ...sample, ...ENDED, closeType, closeTimestamp: now }, row)
    }
  }
  return { executors: stopped, points }
}

const ENDED = { status: 'TERMINATED', isActive: false, isTrading: false } as const

const impossible = (): never => {
  throw new Error('an executor is looked for on a row it does not have')
}

const lifeOf = (
  simulate: Simulate,
  id: string,
  config: ExecutorConfig,
  market: SimulatedMarket,
  first: number,
): Life | undefined => {
  const simulation = simulate(id, config, market, first)
  if (simulation === undefined) return undefined
  const rows = [copyOf(simulation)]
  let last = first
  while (simulation.isActive) {
    simulation.advance(++last)
    rows.push(copyOf(simulation))
  }
  return { rows, first, last }
}

/** A hold is booked at the average price, of as much as was traded. */
const inventoryOf = (executor: Executor, close: number): Inventory => ({
  side: executor.side ?? 'BUY',
  base: undefined,
  quote: executor.filledAmountQuote,
  averagePrice: executor.averagePrice || close,
  feesQuote: executor.cumFeesQuote,
})
