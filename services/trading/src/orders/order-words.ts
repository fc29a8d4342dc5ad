import type { OrderEvent } from '@colibri/contracts'
import type { MarketSnapshot } from './market-snapshots.ts'
import type { OrderIntent } from './order.ts'

const moment = (milliseconds: number): string => new Date(milliseconds).toISOString()

/** `BUY 0.5 BTC-USDT LIMIT at 50000 on binance for master_account` */
export const intentInWords = (intent: OrderIntent): string => {
  const price = intent.price === null ? '' : ` at ${intent.price}`
  const close = intent.positionAction === 'CLOSE' ? ', closing a position' : ''
  return `${intent.tradeType} ${intent.amount} ${intent.tradingPair} ${intent.orderType}${price} on ${intent.connectorName} for ${intent.accountName}${close}`
}

/** What an event of an order says, in one sentence. */
export const eventInWords = (event: OrderEvent): string => {
  switch (event.type) {
    case 'OrderSubmitted':
      return event.data.external === undefined
        ? `The intent was stored before anything was sent: ${intentInWords(event.data)}`
        : `Found at the venue, placed outside Colibri: ${intentInWords(event.data)}`
    case 'OrderAccepted':
      return `The venue has the order, as ${event.data.venueOrderId}`
    case 'OrderRejected':
      return `The order was refused: ${event.data.reason}`
    case 'OrderOutcomeUnknown':
      return `No definite answer came: ${event.data.reason}. The venue is asked until it gives one; nothing is sent again`
    case 'OrderFilled': {
      const { amount, price, liquidity, feeAmount, feeCurrency, tradeId } = event.data
      const role = liquidity === 'unknown' ? '' : ` as ${liquidity}`
      return `${amount} filled at ${price}${role}, fee ${feeAmount} ${feeCurrency}, trade ${tradeId} of the venue`
    }
    case 'OrderCancelRequested':
      return 'It was asked to cancel the order'
    case 'OrderCancelRejected':
      return `The venue refused to cancel: ${event.data.reason}`
    case 'OrderCancelUnknown':
      return `No definite answer to the cancel came: ${event.data.reason}`
    case 'OrderCancelled':
      return `The order is cancelled: ${event.data.reason}`
  }
}

/** `undefined`: the event is older than the keeping of it. */
export const marketInWords = (market: MarketSnapshot | null | undefined): string => {
  if (market === undefined) return 'The market was not recorded with orders yet'
  if (market === null) return 'Nothing was known of the market: nobody had asked for its prices just before'
  const said = (['bid', 'ask', 'last'] as const).flatMap((name) =>
    market[name] === null ? [] : [`${name === 'last' ? 'the last price' : `the best ${name}`} was ${market[name]}`],
  )
  return `At ${moment(market.time)} ${said.length === 0 ? 'nothing was quoted' : said.join(', ')}`
}
