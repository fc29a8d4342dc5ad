import { Counter, Gauge, type Registry } from 'prom-client'
import type { SubscriptionType } from './command.ts'

export type Ending = 'client' | 'slow' | 'silent' | 'drain'

export interface LiveSocketMetrics {
  sent(type: string): void
  /** A push that was due and not made, because the client had not read what was there. */
  heldBack(type: SubscriptionType): void
  dropped(trades: number): void
  subscribed(type: SubscriptionType): void
  unsubscribed(type: SubscriptionType): void
  closed(ending: Ending): void
}

/** What the gauges look at when they are asked. */
export interface Watched {
  connections(): number
  bufferedBytes(): number
}

export const createLiveSocketMetrics = (registry: Registry, watched: Watched): LiveSocketMetrics => {
  const registers = [registry]
  const gauge = (name: string, help: string, read: () => number): void => {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read())
      },
    })
  }
  gauge('colibri_live_connections', 'Open websockets of clients', watched.connections)
  gauge('colibri_live_buffered_bytes', 'Bytes written that clients have not read yet', watched.bufferedBytes)
  const labelNames = ['type']
  const subscriptions = new Gauge({
    name: 'colibri_live_subscriptions',
    help: 'Subscriptions of clients',
    labelNames,
    registers,
  })
  const messages = new Counter({
    name: 'colibri_live_messages_total',
    help: 'Messages sent to clients',
    labelNames,
    registers,
  })
  const heldBack = new Counter({
    name: 'colibri_live_coalesced_total',
    help: 'Pushes left out because the client had not read the ones before; the next one has the newest state',
    labelNames,
    registers,
  })
  const dropped = new Counter({
    name: 'colibri_live_dropped_trades_total',
    help: 'Trades that a client read too slowly to get',
    registers,
  })
  const closed = new Counter({
    name: 'colibri_live_closed_total',
    help: 'Websockets that ended, and why',
    labelNames: ['reason'],
    registers,
  })
  return {
    sent: (type) => messages.inc({ type }),
    heldBack: (type) => heldBack.inc({ type }),
    dropped: (trades) => dropped.inc(trades),
    subscribed: (type) => subscriptions.inc({ type }),
    unsubscribed: (type) => subscriptions.dec({ type }),
    closed: (reason) => closed.inc({ reason }),
  }
}
