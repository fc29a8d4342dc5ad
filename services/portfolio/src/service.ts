import { runProjection } from '@colibri/event-log'
import type { ServiceDefinition } from '@colibri/service-kit'
import { config, type PortfolioConfig } from './config.ts'
import { DistributionHttp, PORTFOLIO_DEPS } from './distribution/distribution.http.ts'
import { HistoryHttp, PORTFOLIO_HISTORY } from './history/history.http.ts'
import { historyProjection } from './history/history.projection.ts'
import { historyQueries } from './history/history.queries.ts'
import { takeSnapshots } from './history/take-snapshots.ts'
import { LastKnownPrices } from './state/last-known-prices.ts'
import { marketPrices } from './state/market-prices.ts'
import { oraclePrices } from './state/oracle-prices.ts'
import { portfolioState } from './state/portfolio-state.ts'
import { marketDataPrices, marketDataRates, tradingBalances } from './state/sources.ts'
import { PORTFOLIO_STATE, StateHttp } from './state/state.http.ts'

const CATCH_UP_MS = 5_000
const MINUTE_MS = 60_000

/** The portfolio service: asks trading what is owned and market-data what it is worth, and keeps snapshots of both. */
export const portfolio: ServiceDefinition<PortfolioConfig> = {
  name: 'portfolio',
  config,
  start: async (kit) => {
    const { config, log, pool, logger } = kit
    const report = (error: unknown, what: string): void => logger.warn({ err: error }, what)
    const history = await runProjection(log, pool, historyProjection, {
      schema: 'portfolio',
      onError: (error) => report(error, 'projecting snapshots'),
    })
    const market = marketPrices(marketDataPrices(kit), new LastKnownPrices(20_000), (connectorName, error) =>
      logger.warn({ err: error, connectorName }, 'no fresh prices, the last known ones are used'),
    )
    const prices = oraclePrices(marketDataRates(kit), market, (error) =>
      logger.warn({ err: error }, 'no rates of the oracle, the prices of the connectors are used'),
    )
    const deps = { ...tradingBalances(kit), prices, bannedTokens: new Set(config.BANNED_TOKENS) }
    const stopping = new AbortController()
    kit.onShutdown(() => stopping.abort())

    return {
      controllers: [StateHttp, DistributionHttp, HistoryHttp],
      providers: [
        { provide: PORTFOLIO_STATE, useValue: portfolioState(deps) },
        { provide: PORTFOLIO_DEPS, useValue: deps },
        { provide: PORTFOLIO_HISTORY, useValue: historyQueries(pool, () => history.catchUp(CATCH_UP_MS)) },
      ],
      projections: [history],
      recover: async () => {
        const intervalMs = config.ACCOUNT_UPDATE_INTERVAL * MINUTE_MS
        const snapshots = { log, portfolio: deps, intervalMs, now: Date.now, report }
        kit.background('taking snapshots', takeSnapshots(snapshots, stopping.signal))
      },
    }
  },
}
