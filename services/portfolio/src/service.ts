import { type Projection, type RunningProjection, runProjection } from '@colibri/event-log'
import type { ServiceDefinition } from '@colibri/service-kit'
import { config, type PortfolioConfig } from './config.ts'
import { DistributionHttp, PORTFOLIO_DEPS } from './distribution/distribution.http.ts'
import { HistoryHttp, PORTFOLIO_HISTORY } from './history/history.http.ts'
import { historyProjection } from './history/history.projection.ts'
import { historyQueries } from './history/history.queries.ts'
import { takeSnapshots } from './history/take-snapshots.ts'
import { pastProjection } from './past/past.projection.ts'
import { pastQueries } from './past/past.queries.ts'
import { pastPrices, pastTokenPrices } from './past/past-prices.ts'
import { pastState } from './past/past-state.ts'
import { PNL, PnlHttp } from './pnl/pnl.http.ts'
import { pnlProjection } from './pnl/pnl.projection.ts'
import { pnlQueries } from './pnl/pnl.queries.ts'
import { prepareRebalance } from './rebalance/prepare-rebalance.ts'
import { REBALANCES, RebalanceHttp } from './rebalance/rebalance.http.ts'
import { rebalanceProjection } from './rebalance/rebalance.projection.ts'
import { createRebalances } from './rebalance/rebalances.ts'
import { askTogether } from './state/ask-together.ts'
import { LastKnownPrices } from './state/last-known-prices.ts'
import { marketPrices } from './state/market-prices.ts'
import { oraclePrices } from './state/oracle-prices.ts'
import { portfolioState } from './state/portfolio-state.ts'
import { recentRates } from './state/recent-rates.ts'
import { marketDataCloses, marketDataPrices, marketDataRates, tradingBalances } from './state/sources.ts'
import { PAST_STATE, PORTFOLIO_STATE, StateHttp } from './state/state.http.ts'

const CATCH_UP_MS = 5_000
const MINUTE_MS = 60_000
const RATES_FRESH_MS = 1_000

/** The portfolio service: asks trading what is owned and market-data what it is worth, and keeps snapshots of both. */
export const portfolio: ServiceDefinition<PortfolioConfig> = {
  name: 'portfolio',
  config,
  start: async (kit) => {
    const { config, log, pool, logger } = kit
    const report = (error: unknown, what: string): void => logger.warn({ err: error }, what)
    const run = (projection: Projection, what: string): Promise<RunningProjection> =>
      runProjection(log, pool, projection, { schema: 'portfolio', onError: (error) => report(error, what) })
    // One after the other: they make their tables in one schema.
    const history = await run(historyProjection, 'projecting snapshots')
    const past = await run(pastProjection, 'projecting what was held')
    const pnl = await run(pnlProjection, 'projecting profit and loss')
    const plans = await run(rebalanceProjection, 'projecting rebalances')
    const shown =
      (...projections: readonly RunningProjection[]) =>
      async (): Promise<void> => {
        await Promise.all(projections.map((projection) => projection.catchUp(CATCH_UP_MS)))
      }
    const market = marketPrices(marketDataPrices(kit), new LastKnownPrices(20_000), (connectorName, error) =>
      logger.warn({ err: error, connectorName }, 'no fresh prices, the last known ones are used'),
    )
    const rates = recentRates(marketDataRates(kit), RATES_FRESH_MS, Date.now)
    const prices = oraclePrices(rates, market, (error) =>
      logger.warn({ err: error }, 'no rates of the oracle, the prices of the connectors are used'),
    )
    const deps = { ...tradingBalances(kit), prices, bannedTokens: new Set(config.BANNED_TOKENS) }
    const pastHoldings = pastQueries(pool, shown(past, pnl))
    const closes = marketDataCloses(kit)
    const noClose = (error: unknown): void => report(error, 'no candle of the past')
    const pricesThen = pastPrices(pastHoldings, closes, noClose)
    const readPast = pastState({
      past: pastHoldings,
      bannedTokens: deps.bannedTokens,
      prices: pastTokenPrices(pastHoldings, closes, noClose),
    })
    const readPnl = pnlQueries({
      pool,
      current: shown(pnl),
      prices: (connectorName, pairs, at) =>
        at === null ? market(connectorName, pairs) : pricesThen(connectorName, pairs, at),
    })
    const running = {
      log,
      call: kit.call,
      prices: marketDataPrices(kit),
      balances: deps.balances,
      now: Date.now,
      report,
    }
    const rebalances = createRebalances({
      ...running,
      pool,
      prepare: prepareRebalance({ ...deps, ...running, pnl: readPnl }),
      current: shown(plans),
      context: kit.context,
    })
    const stopping = new AbortController()
    kit.onShutdown(() => stopping.abort())

    return {
      controllers: [StateHttp, DistributionHttp, HistoryHttp, PnlHttp, RebalanceHttp],
      providers: [
        { provide: PORTFOLIO_STATE, useValue: askTogether(portfolioState(deps)) },
        { provide: PAST_STATE, useValue: readPast },
        { provide: REBALANCES, useValue: rebalances },
        { provide: PNL, useValue: readPnl },
        { provide: PORTFOLIO_DEPS, useValue: deps },
        { provide: PORTFOLIO_HISTORY, useValue: historyQueries(pool, shown(history)) },
      ],
      projections: [history, past, pnl, plans],
      recover: async () => {
        const intervalMs = config.ACCOUNT_UPDATE_INTERVAL * MINUTE_MS
        const snapshots = { log, portfolio: deps, intervalMs, now: Date.now, report }
        kit.background('taking snapshots', takeSnapshots(snapshots, stopping.signal))
        kit.background('carrying out rebalances', rebalances.run(stopping.signal))
      },
    }
  },
}
