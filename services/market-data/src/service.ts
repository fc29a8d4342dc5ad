import { join } from 'node:path'
import { openVenues, type VenueUrls } from '@colibri/exchange'
import type { ServiceDefinition } from '@colibri/service-kit'
import { venueBudgets } from '@colibri/venue-budget'
import { CandleHistory } from './candles/candle-history.ts'
import { createCandleTables } from './candles/candle-tables.ts'
import { CandlesHttp } from './candles/candles.http.ts'
import { CandlesRpc } from './candles/candles.rpc.ts'
import { Candles } from './candles/candles.ts'
import { HistoricalCandlesHttp } from './candles/historical-candles.http.ts'
import { createLiveCandles, LIVE_CANDLES } from './candles/live-candles.ts'
import { StoredCandles } from './candles/stored-candles.ts'
import { config, type MarketDataConfig } from './config.ts'
import { ConnectorsHttp } from './connectors/connectors.http.ts'
import { TradingRulesRpc } from './connectors/trading-rules.rpc.ts'
import { TradingRules } from './connectors/trading-rules.ts'
import { FeedsHttp } from './feeds/feeds.http.ts'
import { createFeeds, FEEDS } from './feeds/feeds.ts'
import { FundingHttp } from './funding/funding.http.ts'
import { Funding } from './funding/funding.ts'
import { openLiveSockets } from './live-socket/open-live-sockets.ts'
import { BookQueriesHttp } from './order-books/book-queries.http.ts'
import { OrderBooksHttp } from './order-books/order-books.http.ts'
import { OrderBooks } from './order-books/order-books.ts'
import { LivePrices } from './prices/live-prices.ts'
import { PricesHttp } from './prices/prices.http.ts'
import { PricesRpc } from './prices/prices.rpc.ts'
import { Prices } from './prices/prices.ts'
import { PublicTradesHttp } from './public-trades/public-trades.http.ts'
import { PublicTrades } from './public-trades/public-trades.ts'
import { openRateOracle } from './rate-oracle/open-rate-oracle.ts'
import { RateOracleHttp } from './rate-oracle/rate-oracle.http.ts'
import { RateOracleRpc } from './rate-oracle/rate-oracle.rpc.ts'
import { RateOracle } from './rate-oracle/rate-oracle.ts'
import { Resources } from './system/resources.ts'
import { SystemHttp } from './system/system.http.ts'
import { TickersHttp } from './tickers/tickers.http.ts'
import { FreshCache, type Freshness } from './venue-calls/fresh-cache.ts'

const SECOND = 1_000
const MINUTE = 60 * SECOND
const DAY = 1_440 * MINUTE

/** A dead venue is asked once in this time, by whoever comes next. */
const RETRY_MS = 2 * SECOND

/** The market-data service: what venues say in public, asked once for everybody who wants to know it at the same time. */
export const marketData: ServiceDefinition<MarketDataConfig> = {
  name: 'market-data',
  config,
  start: async (kit) => {
    const { COLIBRI_HOME, MARKET_DATA_VENUE_TIMEOUT, MARKET_DATA_CANDLES_READY_TIMEOUT } = kit.config
    const venues = openVenues({
      venuesFile: join(COLIBRI_HOME, 'venues.yml'),
      urls: simulatorUrls(kit.config),
      logger: kit.logger,
      budgets: await venueBudgets(kit, kit.config.OUTGOING_ADDRESS),
    })
    // A venue that is silent would hold up the end for as long as its call may take; public data has nothing to save.
    kit.onShutdown(() => {
      kit.background('close venues', venues.close())
    })

    const now = Date.now
    const feeds = createFeeds({
      nats: kit.nats,
      liveVenue: (connectorName) => venues.liveVenue(connectorName),
      feedTimeoutMs: kit.config.MARKET_DATA_FEED_TIMEOUT * SECOND,
      cleanupIntervalMs: kit.config.MARKET_DATA_CLEANUP_INTERVAL * SECOND,
      logger: kit.logger,
      background: kit.background,
      metrics: kit.metrics,
      now,
    })
    kit.onShutdown(() => feeds.stop())
    const rates = await openRateOracle(kit, venues, feeds)

    const cache = <V>(kind: string, freshness: Omit<Freshness, 'retryMs' | 'waitMs'> & { waitSeconds: number }) =>
      new FreshCache<V>({
        ...freshness,
        waitMs: freshness.waitSeconds * SECOND,
        retryMs: RETRY_MS,
        now,
        onFailure: (key, error) => kit.logger.warn({ err: error, kind, key }, 'a venue did not answer'),
      })
    const waitSeconds = MARKET_DATA_VENUE_TIMEOUT
    await createCandleTables(kit.pool)

    const live = createLiveCandles({
      venues,
      feeds,
      now,
      onFailure: (key, error) => kit.logger.warn({ err: error, ...key }, 'a venue did not answer'),
    })
    kit.onShutdown(live.stop)
    const candles = new Candles(live, MARKET_DATA_CANDLES_READY_TIMEOUT * SECOND)
    const rules = new TradingRules(
      venues,
      cache('rules', { freshMs: 30 * MINUTE, staleMs: DAY, maxEntries: 100, waitSeconds }),
      now,
    )

    return {
      sockets: [openLiveSockets(kit, { feeds, live, candles, rules })],
      controllers: [
        ConnectorsHttp,
        TradingRulesRpc,
        PricesHttp,
        PricesRpc,
        OrderBooksHttp,
        BookQueriesHttp,
        TickersHttp,
        PublicTradesHttp,
        FundingHttp,
        FeedsHttp,
        SystemHttp,
        RateOracleHttp,
        RateOracleRpc,
        CandlesHttp,
        HistoricalCandlesHttp,
        CandlesRpc,
      ],
      providers: [
        { provide: FEEDS, useValue: feeds },
        { provide: RateOracle, useValue: rates },
        { provide: TradingRules, useValue: rules },
        {
          provide: Prices,
          useValue: new Prices(
            venues,
            cache('prices', { freshMs: 500, staleMs: 0, maxEntries: 20_000, waitSeconds }),
            new LivePrices(feeds),
            now,
          ),
        },
        {
          provide: OrderBooks,
          useValue: new OrderBooks(
            venues,
            cache('books', { freshMs: 250, staleMs: 0, maxEntries: 200, waitSeconds }),
            feeds,
          ),
        },
        {
          provide: PublicTrades,
          useValue: new PublicTrades(
            venues,
            cache('trades', { freshMs: 250, staleMs: 0, maxEntries: 200, waitSeconds }),
          ),
        },
        { provide: Funding, useValue: new Funding(feeds, waitSeconds * SECOND) },
        { provide: Resources, useValue: new Resources() },
        {
          provide: CandleHistory,
          useValue: new CandleHistory({
            stored: new StoredCandles(kit.pool),
            venues,
            fills: cache('candle history', {
              freshMs: SECOND,
              staleMs: 0,
              maxEntries: 50,
              waitSeconds: MARKET_DATA_CANDLES_READY_TIMEOUT,
            }),
            waitMs: MARKET_DATA_CANDLES_READY_TIMEOUT * SECOND,
            now,
          }),
        },
        { provide: LIVE_CANDLES, useValue: live },
        { provide: Candles, useValue: candles },
      ],
    }
  },
}

const simulatorUrls = ({ SIMULATOR_REST_URL: rest, SIMULATOR_WS_URL: ws }: MarketDataConfig): VenueUrls => {
  if (rest === undefined && ws === undefined) return {}
  const urls = { ...(rest === undefined ? {} : { rest }), ...(ws === undefined ? {} : { ws }) }
  return { simulator: urls, simulator_perpetual: urls }
}
