import { Counter, Gauge, type Registry } from 'prom-client'
import type { FeedKey, FeedState } from './feed.ts'
import { kindText } from './feed-key.ts'

export interface FeedMetrics {
  update(key: FeedKey): void
  interruption(key: FeedKey, reason: string): void
}

export interface MeasuredFeed {
  readonly key: FeedKey
  readonly state: FeedState
  readonly owned: boolean
  /** Epoch milliseconds of the newest update. */
  readonly updated: number | null
}

const labels = (key: FeedKey) => ({ connector: key.connectorName, pair: key.tradingPair, kind: kindText(key) })
const labelNames = ['connector', 'pair', 'kind'] as const

/** What a replica shows of its feeds; `feeds` is asked at every scrape. */
export const feedMetrics = (registry: Registry, feeds: () => readonly MeasuredFeed[]): FeedMetrics => {
  const registers = [registry]
  const updates = new Counter({
    name: 'colibri_feed_updates_total',
    help: 'Updates published by the owner of a feed',
    labelNames,
    registers,
  })
  const interruptions = new Counter({
    name: 'colibri_feed_interruptions_total',
    help: 'Interruptions of a feed at its owner, by reason',
    labelNames: [...labelNames, 'reason'],
    registers,
  })
  new Gauge({
    name: 'colibri_feed_age_seconds',
    help: 'Age of the newest update of a feed this replica serves',
    labelNames,
    registers,
    collect() {
      this.reset()
      for (const { key, updated } of feeds()) {
        if (updated !== null) this.set(labels(key), (Date.now() - updated) / 1_000)
      }
    },
  })
  new Gauge({
    name: 'colibri_feeds',
    help: 'Feeds this replica serves, by state and by whether it owns the stream',
    labelNames: ['state', 'role'],
    registers,
    collect() {
      this.reset()
      for (const { state, owned } of feeds()) this.inc({ state, role: owned ? 'owner' : 'listener' })
    },
  })
  return {
    update: (key) => updates.inc(labels(key)),
    interruption: (key, reason) => interruptions.inc({ ...labels(key), reason }),
  }
}
