import t from 'tap'
import { permissionsIn } from './key-permissions.ts'

const told = (trade: string, withdraw: string, ipRestricted: string) => ({
  trade,
  withdraw,
  ipRestricted,
  reason: null,
})

const binance = {
  ipRestrict: true,
  enableReading: true,
  enableWithdrawals: false,
  enableSpotAndMarginTrading: true,
  enableFutures: false,
}

t.test('Binance says spot and futures apart', async (t) => {
  t.same(permissionsIn('binance', binance), told('yes', 'no', 'yes'))
  t.same(permissionsIn('binanceusdm', { ...binance, enableWithdrawals: true }), told('no', 'yes', 'yes'))
})

t.test('OKX lists words', async (t) => {
  const reply = (perm: string, ip: string) => ({ code: '0', data: [{ perm, ip, uid: '1' }] })
  t.same(permissionsIn('okx', reply('read_only,withdraw,trade', '')), told('yes', 'yes', 'no'))
  t.same(permissionsIn('okx', reply('read_only', '1.2.3.4')), told('no', 'no', 'yes'))
})

t.test('Bybit lists permissions by product', async (t) => {
  const reply = (readOnly: number, Wallet: string[], ips: string[]) => ({
    result: { readOnly, permissions: { Wallet, Spot: ['SpotTrade'], ContractTrade: [], Options: [] }, ips },
  })
  t.same(permissionsIn('bybit', reply(0, ['AccountTransfer', 'Withdraw'], ['*'])), told('yes', 'yes', 'no'))
  t.same(permissionsIn('bybit', reply(1, ['AccountTransfer'], ['1.2.3.4'])), told('no', 'no', 'yes'))
})

t.test('on KuCoin a transfer may be a withdrawal', async (t) => {
  const reply = (permission: string) => ({ code: '200000', data: { permission, ipWhitelist: '' } })
  t.same(permissionsIn('kucoin', reply('General,Spot,Transfer')), told('yes', 'yes', 'no'))
  t.same(permissionsIn('kucoin', reply('General')), told('no', 'no', 'no'))
})

t.test('Coinbase does not say where a key may come from', async (t) => {
  t.same(
    permissionsIn('coinbase', { can_view: true, can_trade: true, can_transfer: false }),
    told('yes', 'no', 'unknown'),
  )
})

t.test('another shape is no permission', async (t) => {
  const others = [null, 'x', {}, { data: [] }, { result: {} }, { ...binance, enableWithdrawals: 'false' }]
  for (const reply of others)
    for (const id of ['binance', 'okx', 'bybit', 'kucoin', 'coinbase'])
      t.throws(() => permissionsIn(id, reply), `${id}: ${JSON.stringify(reply)}`)
  t.throws(() => permissionsIn('constructor', binance), /does not tell/)
})
