import { join } from 'node:path'
import { RATE_ORACLE_CHANGED } from '@colibri/contracts'
import { readVenuesFile, type Venues } from '@colibri/exchange'
import type { ServiceKit } from '@colibri/service-kit'
import type { MarketDataConfig } from '../config.ts'
import type { FeedService } from '../feeds/feeds.ts'
import { liveBooksOf } from './live-books.ts'
import { rateMetrics } from './rate-metrics.ts'
import { type OracleReport, RateOracle } from './rate-oracle.ts'
import { rateSettings } from './rate-settings.ts'
import { rateSources } from './rate-sources.ts'
import { settingsLock } from './settings-lock.ts'

const SERVICE_TIMEOUT_MS = 10_000
/** A request waits this long for a source that has never answered yet. */
const WAIT_MS = 3_000

/** The rate oracle on what the service stands on, asking its source already. Replicas knock at each other's door when the file changes. */
export const openRateOracle = async (
  kit: ServiceKit<MarketDataConfig>,
  venues: Pick<Venues, 'publicVenue'>,
  feeds: Pick<FeedService, 'askAll' | 'book'>,
): Promise<RateOracle> => {
  const { config, nats, background } = kit
  const urls = readVenuesFile(join(config.COLIBRI_HOME, 'venues.yml'))
  const door = (service: 'coin_gecko' | 'coin_cap', apiKey: string | undefined) => ({
    baseUrl: urls[service]?.rest?.replace(/\/+$/, ''),
    apiKey,
    timeoutMs: SERVICE_TIMEOUT_MS,
  })
  const oracle = new RateOracle({
    settings: rateSettings(config.COLIBRI_HOME, settingsLock(kit.pool)),
    sources: rateSources({
      venues,
      simulator: config.SIMULATOR_REST_URL === undefined ? 'absent' : 'configured',
      coinGecko: door('coin_gecko', config.COIN_GECKO_API_KEY),
      coinCap: door('coin_cap', config.COIN_CAP_API_KEY),
    }),
    books: liveBooksOf(feeds, () => performance.now()),
    changed: () => nats.publish(RATE_ORACLE_CHANGED),
    maxAgeMs: config.RATE_ORACLE_MAX_AGE * 1_000,
    waitMs: WAIT_MS,
    now: Date.now,
    elapsed: () => performance.now(),
    random: Math.random,
    background,
    report: report(kit),
  })
  nats.subscribe(RATE_ORACLE_CHANGED, {
    callback: (error) => {
      if (error === null) background('follow the rate settings', oracle.follow())
    },
  })
  kit.onShutdown(() => oracle.stop())
  await oracle.start()
  return oracle
}

const report = ({ logger, metrics }: ServiceKit<MarketDataConfig>): OracleReport => {
  const { loaded } = rateMetrics(metrics)
  return {
    settings: ({ source, tokenName }, unusable) => {
      if (unusable === null) logger.info({ source, quoteToken: tokenName }, 'rates come from this source now')
      else logger.warn({ source, reason: unusable }, 'the rate source cannot be used: there are no rates')
    },
    settingsFailed: (error) => logger.warn({ err: error }, 'the settings of the rate oracle'),
    loaded: (source, outcome) => {
      loaded(source, outcome)
      if ('error' in outcome) logger.warn({ err: outcome.error, source }, 'the rate source did not answer')
    },
  }
}
