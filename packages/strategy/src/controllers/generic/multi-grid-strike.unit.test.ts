import t from 'tap'
import type { Executor } from '../../executors/executor.ts'
import { exactOf } from '../../numbers/exact.ts'
import { anExecutor, aWorld } from '../../testing/world.ts'
import type { Action, World } from '../controller.ts'
import { multiGridStrike } from './multi-grid-strike.ts'

const aGrid = (grid_id: string, start: number, end: number, changes = {}) => ({
  grid_id,
  start_price: start,
  end_price: end,
  limit_price: start - 1,
  side: 'BUY',
  amount_quote_pct: '0.25',
  ...changes,
})

const configured = (...grids: object[]) => multiGridStrike.schema.parse({ id: 'grids', grids })

const config = configured(aGrid('low', 80, 99), aGrid('middle', 95, 105), aGrid('high', 100, 120, { side: 2 }))

const running = (action: Action | undefined, changes: Partial<Executor> = {}): Executor => {
  if (action?.type !== 'create') throw new TypeError('nothing was created')
  return anExecutor(action.executor, changes)
}

const created = (actions: readonly Action[]) =>
  actions.map((action) =>
    action.type === 'create' && action.executor.type === 'grid_executor' ? action.executor.level_id : action.type,
  )

t.test('every enabled grid that the price is in is put up', async (t) => {
  const decide = multiGridStrike.start(config)
  for (const [price, ids] of [
    [79, []],
    [90, ['low']],
    [97, ['low', 'middle']],
    [100, ['middle', 'high']],
    [110, ['high']],
  ] as const)
    t.strictSame(created(decide(aWorld({ mid: () => price }))), ids, `at ${price}`)
  const disabled = multiGridStrike.start(configured(aGrid('low', 80, 120, { enabled: false })))
  t.strictSame(disabled(aWorld()), [])
})

t.test('a grid has its part of the whole and its own prices', async (t) => {
  const [action] = multiGridStrike.start(configured(aGrid('one', 90.1, 110, { side: 'SELL' })))(aWorld())
  t.match(action, {
    type: 'create',
    executor: {
      type: 'grid_executor',
      trading_pair: 'WLD-USDT',
      connector_name: 'binance_perpetual',
      start_price: exactOf('90.1'),
      end_price: exactOf(110),
      limit_price: exactOf('89.1'),
      side: 'SELL',
      total_amount_quote: 250,
      level_id: 'one',
    },
  })
})

t.test('its part is a decimal', async (t) => {
  const [action] = multiGridStrike.start(configured(aGrid('one', 90, 110, { amount_quote_pct: '0.07' })))(aWorld())
  t.match(action, { executor: { total_amount_quote: 70 } }, 'as doubles 1000 * 0.07 is more')
})

t.test('a grid that runs is not put up twice', async (t) => {
  const decide = multiGridStrike.start(config)
  const [middle] = decide(aWorld())
  t.strictSame(created(decide(aWorld({ active: [running(middle)] }))), ['high'])
})

t.test('a grid that has ended is put up again, but by the original', async (t) => {
  const again = (mode: World['mode']) => {
    const decide = multiGridStrike.start(config)
    const [middle] = decide(aWorld({ mode }))
    return created(decide(aWorld({ mode, finished: [running(middle)] })))
  }
  t.strictSame(again('live'), ['middle', 'high'])
  t.strictSame(again('realistic'), ['middle', 'high'])
  t.strictSame(again('hummingbot'), ['high'])
})

t.test('a grid that the configuration no longer has is taken down, once', async (t) => {
  const [gone] = multiGridStrike.start(configured(aGrid('gone', 90, 110)))(aWorld())
  const executor = running(gone)
  const decide = multiGridStrike.start(configured(aGrid('gone', 90, 110, { enabled: false })))
  t.strictSame(decide(aWorld({ active: [executor] })), [{ type: 'stop', executor, keepPosition: false }])
  t.strictSame(decide(aWorld({ active: [{ ...executor, status: 'SHUTTING_DOWN' }] })), [])
})

t.test('grids are told apart by their ids', async (t) => {
  t.match(multiGridStrike.schema.safeParse({ id: 'a', grids: [aGrid('x', 1, 2), aGrid('x', 3, 4)] }).error?.issues, [
    { path: ['grids'], message: "Value error, two grids have the grid_id 'x'" },
  ])
  t.match(multiGridStrike.schema.safeParse({ id: 'a', grids: [{ ...aGrid('x', 1, 2), side: 3 }] }).error?.issues, [
    { path: ['grids', 0, 'side'], message: "Input should be 'BUY' or 'SELL'" },
  ])
})
