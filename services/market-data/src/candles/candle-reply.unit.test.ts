import t from 'tap'
import { candleReply } from './candle-reply.ts'

t.test('ten columns, the time in seconds', async (t) => {
  const candle = {
    time: 60_000,
    open: 1,
    high: 4,
    low: 0.5,
    close: 2,
    volume: 10,
    quoteVolume: 15,
    trades: 7,
    takerBuyBaseVolume: 4,
    takerBuyQuoteVolume: 6,
  }
  t.same(candleReply(candle), {
    timestamp: 60,
    open: 1,
    high: 4,
    low: 0.5,
    close: 2,
    volume: 10,
    quote_asset_volume: 15,
    n_trades: 7,
    taker_buy_base_volume: 4,
    taker_buy_quote_volume: 6,
  })
})
