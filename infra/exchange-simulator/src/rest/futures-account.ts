import { markOf } from '../engine/funding.ts'
import { Exact, findInstrument, type Instrument, instruments, quantityText, zero } from '../engine/instruments.ts'
import {
  entryPrice,
  leverageOf,
  type MarginSummary,
  marginSummary,
  notionalOf,
  unrealizedProfit,
} from '../engine/margin.ts'
import type { Position } from '../engine/state.ts'
import type { Route, SignedCall } from './route.ts'

const maintenanceRate = '0.004'

const held = ({ account, params }: SignedCall): Position[] => {
  const one = params.optionalInstrument('futures')
  return [...account.positions.values()].filter(
    (position) => position.lots !== 0 && (one === undefined || position.symbol === one.symbol),
  )
}

const positionRow = ({ exchange, account }: SignedCall, position: Position): Record<string, unknown> => {
  const instrument = findInstrument('futures', position.symbol) as Instrument
  const mark = markOf(exchange, instrument)
  const notional = notionalOf(position, mark)
  const leverage = leverageOf(account, position.symbol)
  const margin = notional.abs().div(leverage).toFixed(8)
  const maintenance = notional.abs().mul(maintenanceRate).toFixed(8)
  const isolated = account.marginType.get(position.symbol) === 'isolated'
  return {
    symbol: position.symbol,
    positionSide: position.side,
    positionAmt: `${position.lots < 0 ? '-' : ''}${quantityText(instrument, Math.abs(position.lots))}`,
    entryPrice: entryPrice(position).toFixed(),
    breakEvenPrice: entryPrice(position).toFixed(),
    markPrice: mark.toFixed(8),
    unRealizedProfit: unrealizedProfit(position, mark).toFixed(8),
    unrealizedProfit: unrealizedProfit(position, mark).toFixed(8),
    liquidationPrice: '0',
    leverage: String(leverage),
    marginType: isolated ? 'isolated' : 'cross',
    isolated,
    isolatedMargin: '0',
    isolatedWallet: '0',
    isAutoAddMargin: 'false',
    maxNotionalValue: '100000000',
    notional: notional.toFixed(8),
    marginAsset: instrument.quote,
    initialMargin: margin,
    maintMargin: maintenance,
    positionInitialMargin: margin,
    openOrderInitialMargin: '0',
    adl: 0,
    bidNotional: '0',
    askNotional: '0',
    updateTime: position.updatedAt,
  }
}

const summaries = ({ exchange, account }: SignedCall): { asset: string; summary: MarginSummary }[] =>
  [...account.wallet.keys()].map((asset) => ({
    asset,
    summary: marginSummary(account, asset, (instrument) => markOf(exchange, instrument)),
  }))

const accountInfo = (call: SignedCall): unknown => {
  const { exchange, account } = call
  exchange.playAll()
  const positions = held(call).map((position) => positionRow(call, position))
  const maintenance = positions
    .reduce<Exact>((sum, position) => sum.add(String(position['maintMargin'])), zero)
    .toFixed(8)
  const assets = summaries(call).map(({ asset, summary }) => ({
    asset,
    walletBalance: summary.wallet.toFixed(8),
    unrealizedProfit: summary.unrealized.toFixed(8),
    marginBalance: summary.wallet.add(summary.unrealized).toFixed(8),
    maintMargin: maintenance,
    initialMargin: summary.positionMargin.add(summary.orderMargin).toFixed(8),
    positionInitialMargin: summary.positionMargin.toFixed(8),
    openOrderInitialMargin: summary.orderMargin.toFixed(8),
    crossWalletBalance: summary.wallet.toFixed(8),
    crossUnPnl: summary.unrealized.toFixed(8),
    availableBalance: summary.available.toFixed(8),
    maxWithdrawAmount: summary.available.toFixed(8),
    marginAvailable: true,
    updateTime: exchange.clock.now(),
  }))
  const usdt = assets.find(({ asset }) => asset === 'USDT')
  return {
    feeTier: 0,
    canTrade: true,
    canDeposit: false,
    canWithdraw: false,
    updateTime: 0,
    multiAssetsMargin: false,
    dualSidePosition: account.hedged,
    totalInitialMargin: usdt?.initialMargin ?? '0',
    totalMaintMargin: maintenance,
    totalWalletBalance: usdt?.walletBalance ?? '0',
    totalUnrealizedProfit: usdt?.unrealizedProfit ?? '0',
    totalMarginBalance: usdt?.marginBalance ?? '0',
    totalPositionInitialMargin: usdt?.positionInitialMargin ?? '0',
    totalOpenOrderInitialMargin: usdt?.openOrderInitialMargin ?? '0',
    totalCrossWalletBalance: usdt?.crossWalletBalance ?? '0',
    totalCrossUnPnl: usdt?.crossUnPnl ?? '0',
    availableBalance: usdt?.availableBalance ?? '0',
    maxWithdrawAmount: usdt?.availableBalance ?? '0',
    assets,
    positions,
  }
}

const balances = (call: SignedCall): unknown => {
  call.exchange.playAll()
  return summaries(call).map(({ asset, summary }) => ({
    accountAlias: call.account.id,
    asset,
    balance: summary.wallet.toFixed(8),
    crossWalletBalance: summary.wallet.toFixed(8),
    crossUnPnl: summary.unrealized.toFixed(8),
    availableBalance: summary.available.toFixed(8),
    maxWithdrawAmount: summary.available.toFixed(8),
    marginAvailable: true,
    updateTime: call.exchange.clock.now(),
  }))
}

const income = ({ exchange, account, params }: SignedCall): unknown => {
  exchange.playAll()
  const symbol = params.optionalInstrument('futures')?.symbol
  const kind = params.get('incomeType')
  const startTime = params.integer('startTime')
  const endTime = params.integer('endTime') ?? Number.POSITIVE_INFINITY
  const limit = params.limit(100, 1000)
  const found = account.income.filter(
    (entry) =>
      (symbol === undefined || entry.symbol === symbol) &&
      (kind === undefined || entry.kind === kind) &&
      entry.time >= (startTime ?? 0) &&
      entry.time <= endTime,
  )
  return (startTime === undefined ? found.slice(-limit) : found.slice(0, limit)).map((entry) => ({
    symbol: entry.symbol,
    incomeType: entry.kind,
    income: entry.amount,
    asset: entry.asset,
    info: entry.kind,
    time: entry.time,
    tranId: entry.id,
    tradeId: entry.tradeId,
  }))
}

const read = (path: string, handle: (call: SignedCall) => unknown): Route => ({
  method: 'GET',
  path,
  operation: 'account',
  security: 'signed',
  handle,
})

const positionRisk = (call: SignedCall): unknown => {
  call.exchange.playAll()
  return held(call).map((position) => positionRow(call, position))
}

export const futuresAccountRoutes: readonly Route[] = [
  read('/fapi/v2/account', accountInfo),
  read('/fapi/v3/account', accountInfo),
  read('/fapi/v2/balance', balances),
  read('/fapi/v3/balance', balances),
  read('/fapi/v2/positionRisk', positionRisk),
  read('/fapi/v3/positionRisk', positionRisk),
  read('/fapi/v1/income', income),
  read('/fapi/v1/commissionRate', ({ params }) => {
    const { symbol, makerFee, takerFee } = params.instrument('futures')
    return { symbol, makerCommissionRate: makerFee, takerCommissionRate: takerFee }
  }),
  read('/fapi/v1/leverageBracket', ({ params }) => {
    const one = params.optionalInstrument('futures')
    const bracket = {
      bracket: 1,
      initialLeverage: 125,
      notionalCap: 100_000_000,
      notionalFloor: 0,
      maintMarginRatio: Number(maintenanceRate),
      cum: 0,
    }
    return (one ? [one] : instruments.filter(({ market }) => market === 'futures')).map(({ symbol }) => ({
      symbol,
      notionalCoef: 1,
      brackets: [bracket],
    }))
  }),
]
