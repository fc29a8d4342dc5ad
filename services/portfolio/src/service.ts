import type { ServiceDefinition } from '@colibri/service-kit'
import { config, type PortfolioConfig } from './config.ts'
import { LastKnownPrices } from './state/last-known-prices.ts'
import { marketPrices } from './state/market-prices.ts'
import { portfolioState } from './state/portfolio-state.ts'
import { marketDataPrices, tradingBalances } from './state/sources.ts'
import { PORTFOLIO_STATE, StateHttp } from './state/state.http.ts'

/** The portfolio service: holds no rows of its own yet, it asks trading what is owned and market-data what it is worth. */
export const portfolio: ServiceDefinition<PortfolioConfig> = {
  name: 'portfolio',
  config,
  start: async (kit) => {
    const prices = marketPrices(marketDataPrices(kit), new LastKnownPrices(20_000), (connectorName, error) =>
      kit.logger.warn({ err: error, connectorName }, 'no fresh prices, the last known ones are used'),
    )
    const read = portfolioState({
      ...tradingBalances(kit),
      prices,
      bannedTokens: new Set(kit.config.BANNED_TOKENS),
    })
    return { controllers: [StateHttp], providers: [{ provide: PORTFOLIO_STATE, useValue: read }] }
  },
}
