import type { DriftDetected } from '@colibri/contracts'
import type { AccountVenue, VenueOrderState } from '@colibri/exchange'
import { isUnresolved } from '../orders/order.ts'
import type { OrdersContext } from '../orders/orders-context.ts'
import { isComplete, recordFill } from '../orders/record-fill.ts'
import type { Place } from './drift-watch.ts'
import { describeOrder, externalIntent, externalOrderId } from './external-order.ts'

export interface StrangersDeps {
  readonly context: OrdersContext
  readonly place: Place
  readonly venue: AccountVenue
  /** What is not known yet is asked again after so long. */
  readonly guardMs: number
  /** Stores the drift, once; gives the id of its event. */
  announce(key: string, drift: DriftDetected): Promise<string>
  /** An order has been recorded with the fills it had. */
  recorded(orderId: string): void
}

/** Orders at the venue that nobody here knows, until it is known what they are. */
export interface Strangers {
  add(tradingPair: string, venueOrderId: string, state?: VenueOrderState): void
  /** Takes each of them in, or finds that it is ours. Rejects with what went wrong with the first, after all were tried. */
  identify(): Promise<void>
  waiting(): number
}

/** A venue may list a fill before it knows the order by its id, and may be away. */
const MOST_DENIALS = 5
const CLOCK_SLACK_MS = 60_000

interface Stranger {
  readonly tradingPair: string
  readonly venueOrderId: string
  readonly state: VenueOrderState | undefined
  /** Epoch milliseconds at which it was met, and before which it is left alone. */
  readonly metAt: number
  notBefore: number
  denials: number
}

export const createStrangers = (deps: StrangersDeps): Strangers => {
  const { context, place, venue } = deps
  const { accountName, connectorName } = place
  const waiting = new Map<string, Stranger>()

  const knownHere = async (id: string): Promise<'ours' | 'nobody'> => {
    const intent = (await context.streams.load(id))?.order.intent
    return intent?.accountName === accountName && intent.connectorName === connectorName ? 'ours' : 'nobody'
  }

  /** One of ours has no name at the venue yet: an order without a client order id may be that one. */
  const mayBeOurs = (tradingPair: string): readonly string[] =>
    context.streams
      .live()
      .filter(({ order }) => isUnresolved(order) && order.venueOrderId === null)
      .map(({ order: { intent } }) => intent)
      .filter((intent) => intent.accountName === accountName && intent.connectorName === connectorName)
      .filter((intent) => intent.tradingPair === tradingPair)
      .map(({ clientOrderId }) => clientOrderId)

  const takeFills = async (orderId: string, tradingPair: string, venueOrderId: string, since: number) => {
    for (const fill of await venue.fills(tradingPair, since - CLOCK_SLACK_MS)) {
      if (fill.venueOrderId === venueOrderId && isComplete(fill)) await recordFill(context, place, orderId, fill)
    }
  }

  const takeIn = async (state: VenueOrderState): Promise<void> => {
    const intent = externalIntent(place, state)
    if (intent === undefined) {
      throw new ExternalOrderUnreadable(`${connectorName} does not say what order ${state.venueOrderId} asks for`)
    }
    const { tradingPair, venueOrderId } = state
    const orderId = intent.clientOrderId
    const driftId = await deps.announce(`external ${orderId}`, {
      ...place,
      kind: 'external-order',
      subject: orderId,
      tradingPair,
      ours: null,
      venue: describeOrder(state),
      difference: null,
      repair: 'order-recorded',
    })
    context.failpoint('drift-stored')
    const cause = { actor: `venue:${connectorName}`, correlationId: driftId, causationId: driftId }
    const { createdAt } = await context.streams.discover(intent, venueOrderId, cause)
    deps.recorded(orderId)
    await takeFills(orderId, tradingPair, venueOrderId, createdAt)
    // How it ended, if it did, is asked as of any order.
    context.attend(accountName, connectorName, [orderId])
  }

  const look = async (stranger: Stranger): Promise<'known' | 'later'> => {
    const { tradingPair, venueOrderId } = stranger
    if (context.streams.clientOrderIdOf(accountName, connectorName, tradingPair, venueOrderId) !== undefined)
      return 'known'
    const externalId = externalOrderId(place, tradingPair, venueOrderId)
    if ((await knownHere(externalId)) === 'ours') {
      context.attend(accountName, connectorName, [externalId])
      const known = await context.streams.load(externalId)
      await takeFills(externalId, tradingPair, venueOrderId, known?.createdAt ?? context.now())
      return 'known'
    }
    // A stream is often faster than the reply to our own request: its order has a name in a moment.
    if (mayBeOurs(tradingPair).length > 0 && context.now() - stranger.metAt < deps.guardMs) return 'later'
    const lookup = stranger.state === undefined ? await venue.findOrder({ venueOrderId }, tradingPair) : undefined
    if (lookup !== undefined && lookup.kind !== 'found') {
      stranger.denials += 1
      if (stranger.denials < MOST_DENIALS) return 'later'
      throw new StrangerUnknown(
        `${connectorName} does not tell what order ${venueOrderId} is: ${lookup.kind === 'absent' ? 'it denies it' : lookup.reason}`,
      )
    }
    const state = stranger.state ?? lookup?.order
    if (state === undefined || state.status === 'rejected') return 'known'
    if (state.clientOrderId !== '' && (await knownHere(state.clientOrderId)) === 'ours') {
      context.attend(accountName, connectorName, [state.clientOrderId])
      return 'known'
    }
    const candidates = state.clientOrderId === '' ? mayBeOurs(tradingPair) : []
    if (candidates.length > 0) {
      context.attend(accountName, connectorName, candidates)
      return 'later'
    }
    await takeIn(state)
    return 'known'
  }

  return {
    add(tradingPair, venueOrderId, state) {
      const key = `${tradingPair} ${venueOrderId}`
      const metAt = context.now()
      if (!waiting.has(key)) waiting.set(key, { tradingPair, venueOrderId, state, metAt, notBefore: metAt, denials: 0 })
    },

    async identify() {
      const failures: unknown[] = []
      for (const [key, stranger] of [...waiting]) {
        try {
          if (context.now() < stranger.notBefore) continue
          stranger.notBefore = context.now() + deps.guardMs
          if ((await look(stranger)) === 'known') waiting.delete(key)
        } catch (error) {
          // Until it is met again: a gap or a difference makes the fills be read anew.
          if (error instanceof ExternalOrderUnreadable || error instanceof StrangerUnknown) waiting.delete(key)
          failures.push(error)
        }
      }
      if (failures.length > 0) throw failures[0]
    },

    waiting: () => waiting.size,
  }
}

/** An order was met in a stream or in a list of fills, and the venue does not say what it is. */
export class StrangerUnknown extends Error {
  override readonly name = 'StrangerUnknown'
}

/** An order placed elsewhere cannot be shown; its fills show as drifts of balances and positions. */
export class ExternalOrderUnreadable extends Error {
  override readonly name = 'ExternalOrderUnreadable'
}
