import { serviceConfig } from '@colibri/service-kit'
import { z } from 'zod'

const seconds = z.coerce.number('must be a number of seconds').positive('must be more than 0 seconds').max(600)

export const config = serviceConfig({
  /** How long a client waits for candles before 504. */
  MARKET_DATA_CANDLES_READY_TIMEOUT: seconds.default(30),
  /** How long a client waits for any other answer of a venue before 504. */
  MARKET_DATA_VENUE_TIMEOUT: seconds.default(8),
  SIMULATOR_REST_URL: z.url().optional(),
  SIMULATOR_WS_URL: z.url().optional(),
})
export type MarketDataConfig = z.infer<typeof config>
