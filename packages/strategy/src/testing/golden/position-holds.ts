import { z } from 'zod'
import {
  type ApiHold,
  breakevenOf,
  directionOf,
  NOTHING_HELD,
  netOf,
  unrealizedAt,
  withFill,
} from '../../positions/api-hold.ts'
import { Decimal } from '../../positions/decimal.ts'
import { PositionHold } from '../../positions/position-hold.ts'
import { differences } from '../differences.ts'
import type { GoldenSuite } from '../golden.ts'

const amount = z.string().transform((text) => new Decimal(text))

const holdCase = z.object({
  name: z.string(),
  steps: z.array(
    z.looseObject({
      fill: z.object({ side: z.enum(['BUY', 'SELL']), amount_base: amount, amount_quote: amount, fee_quote: amount }),
    }),
  ),
})

/** The price the cases value everything at. */
const MID = 104

/** Fills one after the other, and what is held after each: as bots and backtests count it, and as the API does. */
export const goldenPositionHolds: GoldenSuite = ({ content }) => {
  if (!Array.isArray(content) || !holdCase.safeParse(content[0]).success) return undefined
  return content.map((item) => {
    const { name } = z.object({ name: z.string() }).parse(item)
    return {
      name,
      run: () => {
        const hold = new PositionHold({ connector_name: 'golden', trading_pair: 'AAA-USDT' })
        let api = NOTHING_HELD
        return holdCase.parse(item).steps.flatMap(({ fill, ...expected }, step) => {
          const { side, amount_base: base, amount_quote: quote, fee_quote: fee } = fill
          const doubles = { baseAmount: base.toNumber(), quoteAmount: quote.toNumber(), fee: fee.toNumber() }
          hold.add({ side, base, quote, ...doubles })
          hold.valueAt(MID)
          api = withFill(api, { side, base, quote, fee })
          return differences(`steps[${step}]`, expected, { ...netFigures(hold), api_hold: apiFigures(api) })
        })
      },
    }
  })
}

const netFigures = ({ net, averagePrice, realizedPnl, summary }: PositionHold) => ({
  orchestrator_and_backtest: {
    net_amount_base: net.toNumber(),
    avg_entry_price: averagePrice.toNumber(),
    realized_pnl_quote: realizedPnl.toNumber(),
  },
  [`summary_at_mid_${MID}`]: {
    side: summary.side,
    amount: summary.amount,
    breakeven_price: summary.breakevenPrice,
    unrealized_pnl_quote: summary.unrealizedPnlQuote,
    realized_pnl_quote: summary.realizedPnlQuote,
    volume_traded_quote: summary.volumeTradedQuote,
    cum_fees_quote: summary.cumFeesQuote,
    amount_quote: summary.amount * summary.breakevenPrice,
    global_pnl_quote: summary.unrealizedPnlQuote + summary.realizedPnlQuote - summary.cumFeesQuote,
  },
})

const apiFigures = (hold: ApiHold) => ({
  buy_amount_base: hold.buyBase.toNumber(),
  buy_amount_quote: hold.buyQuote.toNumber(),
  sell_amount_base: hold.sellBase.toNumber(),
  sell_amount_quote: hold.sellQuote.toNumber(),
  net_amount_base: netOf(hold).toNumber(),
  buy_breakeven_price: breakevenOf(hold, 'BUY')?.toNumber() ?? null,
  sell_breakeven_price: breakevenOf(hold, 'SELL')?.toNumber() ?? null,
  matched_amount_base: Decimal.min(hold.buyBase, hold.sellBase).toNumber(),
  unmatched_amount_base: netOf(hold).abs().toNumber(),
  position_side: directionOf(hold),
  realized_pnl_quote: hold.realizedPnl.toNumber(),
  cum_fees_quote: hold.fees.toNumber(),
  [`unrealized_pnl_at_${MID}`]: unrealizedAt(hold, new Decimal(MID)).toNumber(),
})
