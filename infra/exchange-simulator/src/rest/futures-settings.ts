import { instruments } from '../engine/instruments.ts'
import { leverageOf } from '../engine/margin.ts'
import { missing, Rejection } from '../engine/rejection.ts'
import type { Account } from '../engine/state.ts'
import { openOrders } from './find-order.ts'
import type { Route, SignedCall } from './route.ts'

const done = { code: 200, msg: 'success' }

const holds = (account: Account, symbol?: string): boolean =>
  [...account.positions.values()].some(
    (position) => position.lots !== 0 && (symbol === undefined || position.symbol === symbol),
  )

const setLeverage = ({ exchange, account, params }: SignedCall): unknown => {
  const { symbol } = params.instrument('futures')
  const leverage = params.integer('leverage')
  if (leverage === undefined) throw missing('leverage')
  if (leverage < 1 || leverage > 125) throw new Rejection(-4028, `Leverage ${leverage} is not valid`)
  exchange.commit([{ type: 'LeverageSet', account: account.id, symbol, leverage }])
  return { leverage, maxNotionalValue: '100000000', symbol }
}

const setMarginType = ({ exchange, account, params }: SignedCall): unknown => {
  const instrument = params.instrument('futures')
  const wanted = params.oneOf('marginType', ['ISOLATED', 'CROSSED'], new Rejection(-4045, 'Invalid margin type.'))
  const marginType = wanted === 'ISOLATED' ? 'isolated' : 'cross'
  if ((account.marginType.get(instrument.symbol) ?? 'cross') === marginType)
    throw new Rejection(-4046, 'No need to change margin type.')
  if (openOrders(account, 'futures', instrument).length > 0)
    throw new Rejection(-4047, 'Margin type cannot be changed if there exists open orders.')
  if (holds(account, instrument.symbol))
    throw new Rejection(-4048, 'Margin type cannot be changed if there exists position.')
  exchange.commit([{ type: 'MarginTypeSet', account: account.id, symbol: instrument.symbol, marginType }])
  return done
}

const setPositionMode = ({ exchange, account, params }: SignedCall): unknown => {
  params.require('dualSidePosition')
  const hedged = params.flag('dualSidePosition') === 'true'
  if (account.hedged === hedged) throw new Rejection(-4059, 'No need to change position side.')
  if (openOrders(account, 'futures', undefined).length > 0)
    throw new Rejection(-4067, 'Position side cannot be changed if there exists open orders.')
  if (holds(account)) throw new Rejection(-4068, 'Position side cannot be changed if there exists position.')
  exchange.commit([{ type: 'PositionModeSet', account: account.id, hedged }])
  return done
}

const symbolConfig = ({ account, params }: SignedCall): unknown => {
  const one = params.optionalInstrument('futures')
  return (one ? [one] : instruments.filter(({ market }) => market === 'futures')).map(({ symbol }) => ({
    symbol,
    marginType: account.marginType.get(symbol) === 'isolated' ? 'ISOLATED' : 'CROSSED',
    isAutoAddMargin: false,
    leverage: leverageOf(account, symbol),
    maxNotionalValue: '100000000',
  }))
}

const accountConfig = ({ account }: SignedCall): unknown => ({
  feeTier: 0,
  canTrade: true,
  canDeposit: false,
  canWithdraw: false,
  dualSidePosition: account.hedged,
  updateTime: 0,
  multiAssetsMargin: false,
  tradeGroupId: -1,
})

const signed = (method: Route['method'], path: string, handle: (call: SignedCall) => unknown): Route => ({
  method,
  path: `/fapi/v1${path}`,
  operation: 'settings',
  security: 'signed',
  handle,
})

/** The futures listen key belongs to the account: PUT and DELETE name none. */
const listenKey = (method: 'POST' | 'PUT' | 'DELETE', handle: (call: SignedCall) => unknown): Route => ({
  method,
  path: '/fapi/v1/listenKey',
  operation: 'listen-key',
  security: 'key',
  handle,
})

export const futuresSettingRoutes: readonly Route[] = [
  signed('POST', '/leverage', setLeverage),
  signed('POST', '/marginType', setMarginType),
  signed('POST', '/positionSide/dual', setPositionMode),
  signed('GET', '/positionSide/dual', ({ account }) => ({ dualSidePosition: account.hedged })),
  signed('GET', '/multiAssetsMargin', () => ({ multiAssetsMargin: false })),
  signed('GET', '/symbolConfig', symbolConfig),
  signed('GET', '/accountConfig', accountConfig),
  listenKey('POST', ({ exchange, account, listenKeys }) => ({
    listenKey: listenKeys.open(account.id, 'futures', exchange.clock.wall()),
  })),
  listenKey('PUT', ({ exchange, account, listenKeys }) => {
    const key = listenKeys.keyOf(account.id, 'futures')
    listenKeys.keepAlive(key ?? '', exchange.clock.wall())
    return { listenKey: key }
  }),
  listenKey('DELETE', ({ account, listenKeys }) => {
    const key = listenKeys.keyOf(account.id, 'futures')
    if (key !== undefined) listenKeys.close(key)
    return {}
  }),
]
