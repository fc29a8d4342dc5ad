import type { VenueFill } from '@colibri/exchange'

/** One BTC bought for ten USDT, without a fee, as a venue lists it: by its own order id alone. */
export const boughtOne = (tradeId: string, venueOrderId: string): VenueFill => ({
  tradeId,
  venueOrderId,
  clientOrderId: null,
  tradingPair: 'BTC-USDT',
  tradeType: 'BUY',
  price: '10',
  amount: '1',
  feeAmount: '0',
  feeCurrency: 'USDT',
  liquidity: 'taker',
  time: 60,
})
