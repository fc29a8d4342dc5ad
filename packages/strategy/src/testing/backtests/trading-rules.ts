import { z } from 'zod'

/** As cases have them: decimals as texts. */
export const tradingRules = z.object({
  min_order_size: z.coerce.number(),
  min_price_increment: z.coerce.number(),
  min_base_amount_increment: z.coerce.number(),
  min_notional_size: z.coerce.number(),
})
