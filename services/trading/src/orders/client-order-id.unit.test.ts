import { connectorOf } from '@colibri/exchange'
import t from 'tap'
import { clientOrderIds, keyedClientOrderId } from './client-order-id.ts'

const subject = {
  accountName: 'master_account',
  connectorName: 'simulator',
  tradingPair: 'BTC-USDT',
  tradeType: 'BUY',
} as const
const { clientOrderId: rule } = connectorOf('simulator')

t.test('ids have the contract’s form, never repeat and fit the venue', (t) => {
  const next = clientOrderIds('host 1', () => 1_000)
  const ids = Array.from({ length: 1_000 }, () => next(rule, subject))
  t.equal(new Set(ids).size, 1_000)
  t.ok(ids.every((id) => id.length <= rule.maxLength))
  t.match(ids[0], /^CLBBBCUTf4240[0-9a-f]+$/)
  t.match(next(rule, { ...subject, tradeType: 'SELL', tradingPair: 'ETH-USDC' }), /^CLBSEHUCf4628[0-9a-f]+$/)
  t.end()
})

t.test('two processes at the same moment give different ids', (t) => {
  t.not(clientOrderIds('a', () => 1)(rule, subject), clientOrderIds('b', () => 1)(rule, subject))
  t.end()
})

t.test('a key gives one id per account', (t) => {
  const id = keyedClientOrderId(rule, subject, 'k1')
  t.equal(id, keyedClientOrderId(rule, subject, 'k1'))
  t.not(id, keyedClientOrderId(rule, subject, 'k2'))
  t.not(id, keyedClientOrderId(rule, { ...subject, accountName: 'other' }, 'k1'))
  t.end()
})
