import { statSync, writeFileSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { startSimulator } from './index.ts'
import { ask, type CcxtOrder, connect, control, type LedgerView } from './testing/ccxt-client.ts'

t.test('the journal stays small, and a restart finds everything it kept', async (t) => {
  const stateDir = await mkdtemp(join(tmpdir(), 'simulator-'))
  t.teardown(() => rm(stateDir, { recursive: true, force: true }))
  const limits = { stateDir, compactAfterBytes: 20_000, finishedOrdersKept: 10 }
  const first = await startSimulator(limits)
  const trader = await connect('binance', first)
  await trader.loadMarkets()
  await control(first, 'price', { mode: 'pin', symbol: 'BTCUSDT', price: '17000' })
  await ask(trader, 'createOrder', 'BTC/USDT', 'limit', 'sell', '0.5', '90000', { clientOrderId: 'rests' })
  const path = join(stateDir, 'journal.jsonl')
  let largest = 0
  for (let i = 0; i < 200; i++) {
    await ask<CcxtOrder>(trader, 'createOrder', 'BTC/USDT', 'market', i % 2 === 0 ? 'buy' : 'sell', '0.01', undefined, {
      clientOrderId: `m${i}`,
    })
    largest = Math.max(largest, statSync(path).size)
  }
  t.ok(largest < 60_000, `never larger than ${largest} bytes`)
  t.match(await readFile(path, 'utf8'), /^\{"snapshot":/)
  const { requests, accounts, orders } = await control<LedgerView & { orders: { clientOrderId: string }[] }>(
    first,
    'ledger',
  )
  t.ok(orders.length < 200, `${orders.length} orders are kept`)
  t.same(
    orders.slice(-10).map(({ clientOrderId }) => clientOrderId),
    Array.from({ length: 10 }, (_, i) => `m${190 + i}`),
  )
  t.ok(requests.some(({ clientOrderId }) => clientOrderId === 'rests'))
  await ask(trader, 'close')
  await first.close()

  // A compaction that was cut short leaves this behind.
  writeFileSync(join(stateDir, 'journal.new'), '{"snapshot":{"clo')
  const second = await startSimulator({ ...limits, compactAfterBytes: 1_000_000 })
  t.teardown(() => second.close())
  const exchange = await connect('binance', second)
  t.teardown(() => ask(exchange, 'close'))
  await exchange.loadMarkets()
  // A tick of the clock between the two looks may have made the journal small once more, and have forgotten older ones.
  const found = await control<LedgerView & { orders: { clientOrderId: string }[] }>(second, 'ledger')
  const kept = new Set(found.requests.map(({ clientOrderId }) => clientOrderId))
  for (const id of ['rests', ...Array.from({ length: 10 }, (_, i) => `m${190 + i}`)])
    t.ok(kept.has(id), `${id} is kept`)
  t.same(
    { requests: found.requests, orders: found.orders, accounts: found.accounts },
    {
      requests: requests.filter(({ clientOrderId }) => kept.has(clientOrderId)),
      orders: orders.filter(({ clientOrderId }) => kept.has(clientOrderId)),
      accounts,
    },
  )
  t.match(await ask(exchange, 'fetchOpenOrders', 'BTC/USDT'), [{ clientOrderId: 'rests', status: 'open' }])
  t.equal(
    (await ask<CcxtOrder>(exchange, 'cancelOrder', undefined, 'BTC/USDT', { origClientOrderId: 'rests' })).status,
    'canceled',
  )
})
