import type { Connector } from './catalogue.ts'
import { type CcxtExchange, type ExchangeSettings, openExchange } from './ccxt-exchange.ts'
import { type Failure, failureOf, isClockError, isDefinitiveRefusal } from './failure.ts'
import type { Markets } from './markets.ts'
import type { Paced } from './paced-exchange.ts'
import type { Priority } from './rate-budget/rate-limit.ts'
import { sharedMarkets } from './shared-markets.ts'
import { UnknownConnector, UnknownPair, type VenuePause, VenueRefused, VenueUnavailable } from './venue.ts'
import { onTheWire } from './wire.ts'

/** How often the venue's clock is measured and its markets are read again, as long as the connection is used. */
const clockAgeMs = 10 * 60_000
const marketsAgeMs = 30 * 60_000

export interface Session {
  readonly exchange: CcxtExchange
  /** The newest that any connection of the connector has read. */
  readonly markets: Markets
}

export interface CcxtSession {
  /** Opens the exchange, measures its clock and loads its markets, once; a failure is forgotten, so that the next call tries again. */
  ready(): Promise<Session>
  /** Runs one call under the hard timeout; what goes wrong comes back as a value. */
  attempt<T>(
    run: (session: Session) => Promise<T>,
    priority?: Priority,
  ): Promise<{ readonly value: T } | { readonly failure: Failure }>
  /** Runs one reading call. Rejects with `VenueUnavailable`, `VenueRefused` or `UnknownPair`. */
  read<T>(run: (session: Session) => Promise<T>, priority?: Priority): Promise<T>
  /** As `read` for the loading itself, so that markets are never older than half an hour. */
  refreshMarkets(): Promise<Session>
  /** The pause the venue has imposed, as far as this connection has met it. */
  pause(): VenuePause | null
  close(): Promise<void>
}

/** Errors that say already what the caller is to know. */
const passed = [UnknownPair, UnknownConnector, VenueRefused, VenueUnavailable] as const

/** The typed error of a failed reading call. */
export const readError = (connectorName: string, failure: Failure): Error => {
  const { status } = failure.wire
  const refused = isDefinitiveRefusal(failure) && failure.classes.includes('ExchangeError')
  return refused && status !== 429 && status !== 418
    ? new VenueRefused(`${connectorName}: ${failure.reason}`)
    : new VenueUnavailable(`${connectorName}: ${failure.reason}`, failure.wire.pausedUntil)
}

export const ccxtSession = (connector: Connector, settings: ExchangeSettings): CcxtSession => {
  let opening: Promise<Session> | undefined
  let exchange: (CcxtExchange & Paced) | undefined
  let clockAt = 0
  const shared = settings.markets ?? sharedMarkets(connector)
  let closed = false

  const measureClock = async (of: CcxtExchange): Promise<void> => {
    if (of.has.fetchTime === true && 'timeDifference' in of.options) await of.loadTimeDifference()
    clockAt = Date.now()
  }

  const open = async (): Promise<Session> => {
    if (closed) throw new VenueUnavailable(`${connector.name}: the connection was closed`)
    exchange ??= await openExchange(connector, settings)
    const of = exchange
    const outcome = await onTheWire(settings.timeoutMs, async () => {
      await measureClock(of)
      await shared.into(of, marketsAgeMs, () => of.loadMarkets(true))
    })
    if ('error' in outcome) {
      if (outcome.error instanceof VenueUnavailable) throw outcome.error
      throw readError(connector.name, failureOf(outcome.error, outcome.wire))
    }
    return {
      exchange: of,
      get markets() {
        return shared.current
      },
    }
  }

  const ready = (): Promise<Session> => {
    opening ??= open().catch((error: unknown) => {
      opening = undefined
      throw error
    })
    return opening
  }

  /** A late measurement is made beside the call that noticed: that call does not wait for it. */
  const keepClock = (of: CcxtExchange): void => {
    if (Date.now() - clockAt < clockAgeMs) return
    clockAt = Date.now()
    onTheWire(settings.timeoutMs, () => measureClock(of)).then(
      (outcome) => {
        if ('error' in outcome) clockAt = 0
      },
      () => {
        clockAt = 0
      },
    )
  }

  const attempt: CcxtSession['attempt'] = async (run, priority) => {
    let session: Session
    try {
      session = await ready()
    } catch (error) {
      const wire = { sent: 0, status: null, structured: false, closed: true }
      return { failure: failureOf(error, wire) }
    }
    keepClock(session.exchange)
    const outcome = await onTheWire(settings.timeoutMs, () => run(session), priority)
    if (!('error' in outcome)) return { value: outcome.value }
    const failure = failureOf(outcome.error, outcome.wire)
    if (isClockError(failure)) clockAt = 0
    return { failure }
  }

  const read: CcxtSession['read'] = async (run, priority) => {
    const session = await ready()
    keepClock(session.exchange)
    const outcome = await onTheWire(settings.timeoutMs, () => run(session), priority)
    if (!('error' in outcome)) return outcome.value
    const { error } = outcome
    if (passed.some((type) => error instanceof type)) throw error
    const failure = failureOf(error, outcome.wire)
    if (isClockError(failure)) clockAt = 0
    throw readError(connector.name, failure)
  }

  return {
    ready,
    attempt,
    read,
    pause: () => exchange?.venuePause() ?? null,
    async refreshMarkets() {
      if (opening !== undefined && Date.now() - shared.readAt > marketsAgeMs) opening = undefined
      return ready()
    },
    async close() {
      closed = true
      await opening?.catch(() => undefined)
      opening = undefined
      if (exchange !== undefined) shared.leave(exchange)
      await exchange?.close()
    },
  }
}
