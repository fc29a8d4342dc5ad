import { instruments } from '../engine/instruments.ts'
import type { Call, Route, SignedCall } from './route.ts'

const spot = instruments.filter((instrument) => instrument.market === 'spot')
const rate = '0.00100000'

export const spotAccount = ({ exchange, account, params }: SignedCall): unknown => {
  exchange.playAll()
  const balances = [...account.spot].map(([asset, { free, locked }]) => ({
    asset,
    free: free.toFixed(8),
    locked: locked.toFixed(8),
  }))
  return {
    makerCommission: 10,
    takerCommission: 10,
    buyerCommission: 0,
    sellerCommission: 0,
    commissionRates: { maker: rate, taker: rate, buyer: '0.00000000', seller: '0.00000000' },
    canTrade: true,
    canWithdraw: false,
    canDeposit: false,
    brokered: false,
    requireSelfTradePrevention: false,
    preventSor: false,
    updateTime: account.spotUpdatedAt,
    accountType: 'SPOT',
    balances:
      params.flag('omitZeroBalances') === 'true'
        ? balances.filter(({ free, locked }) => Number(free) !== 0 || Number(locked) !== 0)
        : balances,
    permissions: ['SPOT'],
    uid: 1,
  }
}

const coin = (asset: string): unknown => ({
  coin: asset,
  name: asset,
  depositAllEnable: false,
  withdrawAllEnable: false,
  trading: true,
  isLegalMoney: false,
  free: '0',
  locked: '0',
  freeze: '0',
  withdrawing: '0',
  ipoing: '0',
  ipoable: '0',
  storage: '0',
  networkList: [],
})

const userDataStream = (method: 'POST' | 'PUT' | 'DELETE', handle: (call: SignedCall) => unknown): Route => ({
  method,
  path: '/api/v3/userDataStream',
  operation: 'listen-key',
  security: 'key',
  handle,
})

/** What the key itself may do; Binance answers this for keys of either market. */
const apiRestrictions = ({ key, exchange }: SignedCall): unknown => {
  const { trade, withdraw, ipRestricted } = key.permissions
  return {
    ipRestrict: ipRestricted,
    createTime: exchange.clock.now(),
    enableReading: true,
    enableWithdrawals: withdraw,
    enableInternalTransfer: withdraw,
    enableMargin: false,
    enableFutures: trade,
    permitsUniversalTransfer: withdraw,
    enableVanillaOptions: false,
    enableFixApiTrade: false,
    enableFixReadOnly: true,
    enableSpotAndMarginTrading: trade,
    enablePortfolioMarginTrading: false,
  }
}

export const spotAccountRoutes: readonly Route[] = [
  { method: 'GET', path: '/api/v3/account', operation: 'account', security: 'signed', handle: spotAccount },
  userDataStream('POST', ({ exchange, account, listenKeys }) => ({
    listenKey: listenKeys.open(account.id, 'spot', exchange.clock.wall()),
  })),
  userDataStream('PUT', ({ exchange, listenKeys, params }) => {
    listenKeys.keepAlive(params.require('listenKey'), exchange.clock.wall())
    return {}
  }),
  userDataStream('DELETE', ({ listenKeys, params }) => {
    listenKeys.close(params.require('listenKey'))
    return {}
  }),
  {
    method: 'GET',
    path: '/sapi/v1/account/apiRestrictions',
    operation: 'account',
    security: 'signed',
    handle: apiRestrictions,
  },
  {
    method: 'GET',
    path: '/sapi/v1/capital/config/getall',
    operation: 'account',
    security: 'signed',
    handle: () => [...new Set(spot.flatMap(({ base, quote }) => [base, quote]))].map(coin),
  },
  {
    method: 'GET',
    path: '/sapi/v1/asset/tradeFee',
    operation: 'account',
    security: 'signed',
    handle: ({ params }: Call) => {
      const one = params.optionalInstrument('spot')
      return (one ? [one] : spot).map(({ symbol }) => ({ symbol, makerCommission: '0.001', takerCommission: '0.001' }))
    },
  },
  {
    method: 'GET',
    path: '/sapi/v1/system/status',
    operation: 'market-data',
    security: 'none',
    handle: () => ({ status: 0, msg: 'normal' }),
  },
]
