import type { Action, ControllerConfig, Features } from '../controllers/controller.ts'
import type { Executor } from '../executors/executor.ts'
import type { BacktestInput, BacktestResult, PnlSeries } from './backtest.ts'
import { Holds } from './holds.ts'
import { prepare } from './prepare.ts'
import { HeldRecorder, pnlSeries } from './series.ts'
import type { Simulate, SimulatedMarket, Simulation } from './simulators/simulation.ts'
import { summarise } from './summary.ts'
import { BacktestWorld } from './world.ts'

/** Progress is told every so many rows: a power of two. */
const STRIDE = 4096

/**
 * Takes a controller through past candles, row by row: what has ended is noticed, what is held is valued, and the
 * controller decides. Whatever it creates has seen its first row at once; what it decides on the last row has no effect.
 * @throws {BacktestImpossible} without a row to trade on, and whatever the controller or an executor throws.
 */
export const backtest = <Config extends ControllerConfig>(
  input: BacktestInput<Config>,
  simulate: Simulate,
): BacktestResult => {
  const prepared = prepare(input)
  const { candles, processed } = prepared
  const { timestamp, close, length } = candles
  const world = new BacktestWorld(input.mode, prepared, input.market, input.rules)
  const market: SimulatedMarket = { candles, growth: growthOf(close), tradeCost: input.tradeCost, rules: input.rules }
  const holds = new Holds(input.mode)
  const run = new Run(world, holds, market, simulate, `${input.config.id}-`)
  const [pnl, held] = [pnlSeries(timestamp), new HeldRecorder(length)]
  const decide = input.controller.start(input.config)
  const last = length - 1
  for (let row = 0; row <= last; row++) {
    const now = timestamp[row] as number
    const price = close[row] as number
    world.go(row, now, price)
    // What a market order bought one row ago is seen as a position two rows later: the original's order of things.
    if (input.mode === 'hummingbot') holds.merge()
    run.advance(row)
    if (input.mode === 'realistic') holds.merge()
    holds.valueAt(price)
    world.positions = holds.positions
    if (holds.open > 0) held.record(now, holds)
    write(pnl, row, run, holds)
    if ((row & (STRIDE - 1)) === 0) input.onProgress?.(row, length, pnl.total[row] ?? 0)
    const actions = decide(world)
    if (row < last) run.act(actions, row)
  }
  holds.merge()
  holds.valueAt(close[last] ?? Number.NaN)
  input.onProgress?.(length, length, pnl.total[last] ?? 0)
  const executors = [...world.active, ...world.finished]
  const reports = holds.reports()
  const results = summarise({
    executors,
    pnl,
    holds: reports,
    positionRealized: holds.realizedOfAll,
    positionUnrealized: holds.unrealized,
    capital: input.config.total_amount_quote,
    mode: input.mode,
  })
  return { executors, processed: shown(processed), results, holds: reports, held: held.series, pnl }
}

const shown = ({ timestamp, columns }: Features): Features => ({
  timestamp,
  columns: new Map([...columns].filter(([name]) => !name.startsWith('_'))),
})

/** What a holder's money is multiplied by from one close to the next; 1 on the first row. */
export const growthOf = (close: Float64Array): Float64Array => {
  const growth = new Float64Array(close.length).fill(1)
  for (let row = 1; row < close.length; row++)
    growth[row] = 1 + ((close[row] as number) / (close[row - 1] as number) - 1)
  return growth
}

/** The executors of a backtest and what they have brought so far. */
class Run {
  realized = 0
  unrealized = 0
  volume = 0
  #created = 0

  constructor(
    private readonly world: BacktestWorld,
    private readonly holds: Holds,
    private readonly market: SimulatedMarket,
    private readonly simulate: Simulate,
    private readonly idPrefix: string,
  ) {}

  get active(): number {
    return this.world.active.length
  }

  /** Takes everything that is active through a row. What was over as soon as it was created is noticed only now. */
  advance(row: number): void {
    const { active } = this.world
    let remaining = 0
    let unrealized = 0
    for (let n = 0; n < active.length; n++) {
      const simulation = active[n] as Simulation
      if (simulation.isActive) simulation.advance(row)
      if (simulation.isActive) {
        unrealized += simulation.netPnlQuote
        active[remaining++] = simulation
      } else this.#book(simulation)
    }
    if (remaining < active.length) active.length = remaining
    this.unrealized = unrealized
  }

  act(actions: readonly Action[], row: number): void {
    for (let n = 0; n < actions.length; n++) {
      const action = actions[n]
      if (action === undefined) continue
      if (action.type === 'create') this.#create(action, row)
      else this.#stop(action.executor, action.keepPosition ? 'keep' : 'close', row)
    }
  }

  #create({ executor }: Extract<Action, { type: 'create' }>, row: number): void {
    // Those on two markets cannot be simulated on one; the original passes over them as well.
    if (executor.type === 'arbitrage_executor' || executor.type === 'xemm_executor') return
    const simulation = this.simulate(`${this.idPrefix}${++this.#created}`, executor, this.market, row)
    if (simulation !== undefined) this.world.active.push(simulation)
  }

  #stop(executor: Executor, held: 'keep' | 'close', row: number): void {
    if (!executor.isActive) return
    const { active } = this.world
    for (let n = 0; n < active.length; n++) {
      const simulation = active[n]
      if (simulation !== executor) continue
      active.splice(n, 1)
      simulation.stop(row, held)
      this.#book(simulation)
      return
    }
  }

  #book(simulation: Simulation): void {
    this.world.finished.push(simulation)
    this.volume += simulation.filledAmountQuote
    this.realized += simulation.realizedPnlQuote
    if (simulation.leaves !== undefined) this.holds.queue(simulation.config, simulation.leaves)
  }
}

const write = (pnl: PnlSeries, row: number, run: Run, holds: Holds): void => {
  pnl.executorRealized[row] = run.realized
  pnl.positionRealized[row] = holds.realized
  pnl.positionUnrealized[row] = holds.unrealized
  pnl.total[row] = run.realized + holds.realized + holds.unrealized
  pnl.activeExecutors[row] = run.active
  pnl.cumulativeVolume[row] = run.volume
  pnl.executorUnrealized[row] = run.unrealized
}
