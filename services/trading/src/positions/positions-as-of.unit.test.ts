import t from 'tap'
import { foldPositions, type PositionFill } from './positions-as-of.ts'

const fills = (
  steps: readonly (readonly [signed: string, held: string, price: string])[],
  change = {},
): PositionFill[] =>
  steps.map(([signed, held, price]) => ({
    account: 'master_account',
    connector: 'simulator_perpetual',
    pair: 'BTC-USDT',
    side: 'BOTH',
    signed,
    held,
    price,
    ...change,
  }))

t.test('entry prices by average cost', async (t) => {
  const entry = (...steps: [string, string, string][]) => {
    const [position] = foldPositions(fills(steps))
    return [position?.amount, position?.entryPrice]
  }
  t.same(entry(['1', '1', '100']), ['1', '100'])
  t.same(entry(['1', '1', '100'], ['3', '4', '200']), ['4', '175'], 'what is added has its own price')
  t.same(entry(['1', '1', '100'], ['-0.5', '0.5', '900']), ['0.5', '100'], 'what is taken away leaves it')
  t.same(entry(['1', '1', '100'], ['-0.5', '0.5', '900'], ['0.5', '1', '200']), ['1', '150'])
  t.same(entry(['-2', '-2', '100'], ['-1', '-3', '130'], ['1', '-2', '1']), ['-2', '110'], 'short as well')
  t.same(entry(['-3', '-1', '100']), ['-1', '100'], 'turned by one fill: what is left over opened it')
  t.same(entry(['0.1', '0.1', '0.3'], ['0.2', '0.3', '0.1']), ['0.3', '0.166666666666666667'])
})

t.test('positions of several markets and sides stand apart', async (t) => {
  const rows = foldPositions([
    ...fills([['1', '1', '100']], { side: 'LONG' }),
    ...fills([['-2', '-2', '90']], { side: 'SHORT' }),
    ...fills([['3', '3', '5']], { pair: 'ETH-USDT' }),
    ...fills([['4', '4', '5']], { account: 'another' }),
  ])
  t.same(
    rows.map(({ accountName, tradingPair, side, amount }) => [accountName, tradingPair, side, amount]),
    [
      ['master_account', 'BTC-USDT', 'LONG', '1'],
      ['master_account', 'BTC-USDT', 'SHORT', '-2'],
      ['master_account', 'ETH-USDT', 'BOTH', '3'],
      ['another', 'BTC-USDT', 'BOTH', '4'],
    ],
  )
  t.match(rows[0], { unrealizedPnl: null, leverage: null })
})
