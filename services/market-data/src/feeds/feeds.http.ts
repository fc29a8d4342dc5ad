import {
  type ActiveFeedsResponse,
  type AddTradingPairRequest,
  addTradingPairRequest,
  type BookTrackerPath,
  bookTrackerPath,
  bookTrackerQuery,
  type MarketDataSettingsResponse,
  type OrderBookDiagnosticsResponse,
  type RemoveTradingPairRequest,
  type RestartOrderBooksResponse,
  removeTradingPairRequest,
  type TradingPairResponse,
} from '@colibri/contracts'
import { UnknownPair } from '@colibri/exchange'
import { ApiError, notFound, SERVICE_KIT, type ServiceKit, Validated } from '@colibri/service-kit'
import { Controller, Get, HttpCode, Inject, Post } from '@nestjs/common'
import type { MarketDataConfig } from '../config.ts'
import { venueFailure } from '../venue-calls/venue-errors.ts'
import { activeFeeds } from './active-feeds.ts'
import { diagnose, forgetBook, restartBooks } from './book-tracker.ts'
import { FeedNotReady } from './feed.ts'
import { FEEDS, type FeedService } from './feeds.ts'

@Controller('market-data')
export class FeedsHttp {
  readonly #settings: MarketDataConfig

  constructor(
    @Inject(FEEDS) private readonly feeds: FeedService,
    @Inject(SERVICE_KIT) kit: ServiceKit<MarketDataConfig>,
  ) {
    this.#settings = kit.config
  }

  @Get('active-feeds')
  active(): Promise<ActiveFeedsResponse> {
    return activeFeeds(this.feeds, this.#settings.MARKET_DATA_FEED_TIMEOUT * 1000, Date.now())
  }

  @Get('settings')
  settings(): MarketDataSettingsResponse {
    const { MARKET_DATA_CLEANUP_INTERVAL: interval, MARKET_DATA_FEED_TIMEOUT: timeout } = this.#settings
    return {
      cleanup_interval: interval,
      feed_timeout: timeout,
      description: `Feeds that nobody used for ${timeout} seconds are dropped; every ${interval} seconds they are looked for`,
    }
  }

  @Post('trading-pair/add')
  @HttpCode(200)
  async add(@Validated('body', addTradingPairRequest) request: AddTradingPairRequest): Promise<TradingPairResponse> {
    const { connector_name: connector, trading_pair: pair, timeout } = request
    await this.feeds.book(connector, pair, 1, timeout * 1000).catch((error: unknown) => {
      if (error instanceof UnknownPair) throw notFound(`Failed to initialize order book for ${pair}`)
      if (error instanceof FeedNotReady) throw new ApiError(500, `Failed to initialize order book for ${pair}`)
      throw venueFailure(error, connector, (reason) => `Error initializing order book: ${reason}`)
    })
    return {
      success: true,
      connector_name: connector,
      trading_pair: pair,
      message: `Order book initialized for ${pair}`,
    }
  }

  @Post('trading-pair/remove')
  @HttpCode(200)
  async remove(
    @Validated('body', removeTradingPairRequest) request: RemoveTradingPairRequest,
  ): Promise<TradingPairResponse> {
    const { connector_name: connector, trading_pair: pair } = request
    const success = await forgetBook(this.feeds, connector, pair)
    const message = success ? `Trading pair ${pair} removed` : `Trading pair ${pair} not found or already removed`
    return { success, connector_name: connector, trading_pair: pair, message }
  }

  @Get('order-book/diagnostics/:connector_name')
  diagnostics(
    @Validated('path', bookTrackerPath) { connector_name: connector }: BookTrackerPath,
    @Validated('query', bookTrackerQuery) _: unknown,
  ): Promise<OrderBookDiagnosticsResponse> {
    this.#known(connector, 'Error getting diagnostics')
    return diagnose(this.feeds, connector, Date.now())
  }

  @Post('order-book/restart/:connector_name')
  @HttpCode(200)
  restart(
    @Validated('path', bookTrackerPath) { connector_name: connector }: BookTrackerPath,
    @Validated('query', bookTrackerQuery) _: unknown,
  ): Promise<RestartOrderBooksResponse> {
    this.#known(connector, 'Error restarting order book tracker')
    return restartBooks(this.feeds, connector, RESTART_MS)
  }

  #known(connector: string, what: string): void {
    try {
      this.feeds.check(connector)
    } catch (error) {
      throw venueFailure(error, connector, (reason) => `${what}: ${reason}`)
    }
  }
}

/** The contract lets a restart take this long. */
const RESTART_MS = 40_000
