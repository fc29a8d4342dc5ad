import { UnknownPair } from '@colibri/exchange'
import type { ServiceKit, SocketEndpoint } from '@colibri/service-kit'
import type { Candles } from '../candles/candles.ts'
import type { LiveCandles } from '../candles/live-candles.ts'
import type { MarketDataConfig } from '../config.ts'
import type { TradingRules } from '../connectors/trading-rules.ts'
import type { Feeds } from '../feeds/feed.ts'
import { clientCandles } from './client-candles.ts'
import { explain } from './explain.ts'
import { createLiveSockets } from './live-sockets.ts'
import { createSources } from './sources.ts'

const SECOND = 1_000

export interface LiveSocketParts {
  readonly feeds: Feeds
  readonly live: LiveCandles
  readonly candles: Candles
  readonly rules: TradingRules
}

/** `/ws/market-data` over the feeds of this replica. */
export const openLiveSockets = (
  kit: ServiceKit<MarketDataConfig>,
  { feeds, live, candles, rules }: LiveSocketParts,
): SocketEndpoint =>
  createLiveSockets({
    sources: createSources({
      feeds,
      candles: clientCandles(live, candles),
      checkPair: knownPair(rules),
      limits: { readyMs: kit.config.MARKET_DATA_CANDLES_READY_TIMEOUT * SECOND, catchUpMs: 5 * SECOND },
    }),
    metrics: kit.metrics,
    explain: explain((error) => kit.logger.error({ err: error }, 'a feed could not be opened for a client')),
    background: kit.background,
    limits: {
      heartbeatMs: 30 * SECOND,
      mostUnread: 128 * 1024,
      patienceMs: kit.config.MARKET_DATA_SLOW_CLIENT_TIMEOUT * SECOND,
    },
  })

/** A venue that cannot be asked for its pairs may have any. */
const knownPair =
  (rules: TradingRules) =>
  async (connectorName: string, tradingPair: string): Promise<void> => {
    const known = await rules.all(connectorName).catch(() => undefined)
    if (known !== undefined && !known.value.some((rule) => rule.tradingPair === tradingPair))
      throw new UnknownPair(`Trading pair ${tradingPair} not found on ${connectorName}`)
  }
