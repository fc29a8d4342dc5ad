import { serviceConfig } from '@colibri/service-kit'
import { z } from 'zod'

const tokenList = z.string().transform((text, context): readonly string[] => {
  try {
    return z.array(z.string()).parse(JSON.parse(text))
  } catch {
    context.addIssue({ code: 'custom', message: 'must be a JSON list of token symbols, such as ["NAV","ARS"]' })
    return z.NEVER
  }
})

export const config = serviceConfig({
  /** Minutes between snapshots of the portfolio. */
  ACCOUNT_UPDATE_INTERVAL: z.coerce
    .number('must be a number of minutes')
    .positive('must be more than 0 minutes')
    .max(1_440)
    .default(5),
  /** Tokens hidden from balances, as a JSON list. */
  BANNED_TOKENS: tokenList.default(['NAV', 'ARS', 'ETHW', 'ETHF']),
})
export type PortfolioConfig = z.infer<typeof config>
