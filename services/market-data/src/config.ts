import { serviceConfig } from '@colibri/service-kit'
import { outgoingAddress } from '@colibri/venue-budget'
import { z } from 'zod'

const seconds = z.coerce.number('must be a number of seconds').positive('must be more than 0 seconds').max(600)
const wholeSeconds = z.coerce
  .number('must be a number of seconds')
  .int('must be whole seconds')
  .min(1, 'must be 1 second or more')
  .max(86_400)

export const config = serviceConfig({
  /** How long a client waits for candles before 504. */
  MARKET_DATA_CANDLES_READY_TIMEOUT: seconds.default(30),
  /** How long a client waits for any other answer of a venue before 504. */
  MARKET_DATA_VENUE_TIMEOUT: seconds.default(8),
  /** Seconds of disuse before a feed is dropped. */
  MARKET_DATA_FEED_TIMEOUT: wholeSeconds.default(600),
  /** Seconds between looks for feeds to drop. */
  MARKET_DATA_CLEANUP_INTERVAL: wholeSeconds.default(300),
  /** Seconds a websocket client may leave messages unread before its socket is closed. */
  MARKET_DATA_SLOW_CLIENT_TIMEOUT: seconds.default(30),
  /** A price older than this values nothing, in seconds. Sources are asked every 60 seconds at the latest. */
  RATE_ORACLE_MAX_AGE: z.coerce.number('must be a number of seconds').min(1, 'must be 1 second or more').default(300),
  /** Keys of the price services; CoinCap answers nobody without one. */
  COIN_GECKO_API_KEY: z.string().optional(),
  COIN_CAP_API_KEY: z.string().optional(),
  OUTGOING_ADDRESS: outgoingAddress,
  SIMULATOR_REST_URL: z.url().optional(),
  SIMULATOR_WS_URL: z.url().optional(),
})
export type MarketDataConfig = z.infer<typeof config>
