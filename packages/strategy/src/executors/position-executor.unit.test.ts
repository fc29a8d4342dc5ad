import t from 'tap'
import { barrierOf } from '../testing/executors.ts'
import { positionExecutor } from './position-executor.ts'

t.test('a position takes its market of a configuration and nothing else', async (t) => {
  const config = { connector_name: 'a', trading_pair: 'B-C', leverage: 3, total_amount_quote: 100, type: 'other' }
  const triple_barrier_config = barrierOf({ stop_loss: 0.01 })
  const position = { side: 'SELL', entry_price: 2, amount: 5, triple_barrier_config } as const
  const plain = {
    type: 'position_executor',
    connector_name: 'a',
    trading_pair: 'B-C',
    leverage: 3,
    ...position,
    activation_bounds: null,
    level_id: null,
  }
  t.strictSame(positionExecutor(config, position), plain)
  t.strictSame(positionExecutor(config, { ...position, level_id: 'sell_0' }), { ...plain, level_id: 'sell_0' })
})
