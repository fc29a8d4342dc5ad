import type { BalancesConfirmed, DriftDetected } from '@colibri/contracts'
import { type AccountVenue, UnknownPair, type VenueFill, type VenueOrderState, VenueRefused } from '@colibri/exchange'
import { Exact } from '../decimal.ts'
import { type RecordFundingDeps, recordFunding } from '../funding/record-funding.ts'
import { isUnresolved } from '../orders/order.ts'
import type { OrdersContext } from '../orders/orders-context.ts'
import { isComplete, recordFill } from '../orders/record-fill.ts'
import { compareBalances, comparePositions, countedOf, type Difference, explainedBy } from './compare.ts'
import type { Place } from './drift-watch.ts'
import type { Expected } from './expected.ts'
import { externalOrderId } from './external-order.ts'
import { pairsBehind } from './pairs.ts'
import { recordLook } from './record-drift.ts'
import type { Strangers } from './strangers.ts'
import { judge, type Pendings } from './verdict.ts'

export interface LookPolicy {
  /** A difference must last so long. */
  readonly guardMs: number
  /** And so long when one of its tokens is being traded: a venue may count a fill before it lists it. */
  readonly busyMs: number
  /** Balances are counted anew from what was seen when the last basis is older. */
  readonly rollMs: number
}

export interface LookDeps extends RecordFundingDeps {
  readonly context: OrdersContext
  readonly place: Place
  readonly venue: AccountVenue
  readonly market: 'spot' | 'perpetual'
  readonly policy: LookPolicy
  readonly strangers: Strangers
  expected(): Promise<Expected>
  compareOrders(open: readonly VenueOrderState[]): Promise<void>
}

/** Fills are only read where something may have been missed: after a start, a gap, or when something differs. */
export type Reading = 'with-fills' | 'without-fills'

export interface LookResult {
  readonly drifts: readonly DriftDetected[]
  readonly undecided: readonly Difference[]
  /** Epoch milliseconds at which another look may decide more; undefined when nothing is undecided. */
  readonly nextAt: number | undefined
}

const RECENT_MS = 10 * 60_000
const CLOCK_SLACK_MS = 60_000

/** One comparison of an account with its venue as a whole. Rejects when the venue cannot be asked: then there is no verdict. */
export const createLook = (deps: LookDeps): ((reading: Reading) => Promise<LookResult>) => {
  const { context, place, venue, market, policy, strangers, now } = deps
  const { accountName, connectorName } = place
  let pending: Pendings = new Map()
  /** Until when fills of a pair have been read. */
  const readUntil = new Map<string, number>()

  const isHere = (intent: Place): boolean =>
    intent.accountName === accountName && intent.connectorName === connectorName

  const pairsInUse = (): string[] =>
    [...context.streams.live(), ...context.streams.endedSince(now() - RECENT_MS)]
      .map(({ order }) => order.intent)
      .filter(isHere)
      .map(({ tradingPair }) => tradingPair)

  const openOrders = async (): Promise<readonly VenueOrderState[]> => {
    try {
      return await venue.openOrders()
    } catch (error) {
      // Some venues list them by pair only.
      if (!(error instanceof VenueRefused)) throw error
      const lists = await Promise.all([...new Set(pairsInUse())].map((pair) => venue.openOrders(pair)))
      return lists.flat()
    }
  }

  /** The order here that a fill is of: by either of its names, or as one that was taken in. */
  const orderHere = async (tradingPair: string, fill: VenueFill): Promise<string | undefined> => {
    const { venueOrderId, clientOrderId } = fill
    const names = [
      context.streams.clientOrderIdOf(accountName, connectorName, tradingPair, venueOrderId),
      clientOrderId ?? undefined,
      externalOrderId(place, tradingPair, venueOrderId),
    ]
    for (const name of names) {
      const order = name === undefined ? undefined : (await context.streams.load(name))?.order
      if (order !== undefined && isHere(order.intent)) return order.intent.clientOrderId
    }
    return undefined
  }

  const readFills = async (tradingPair: string, basisAt: number): Promise<void> => {
    const known = readUntil.get(tradingPair)
    const since = known ?? basisAt
    const startedAt = now()
    const fills = await venue.fills(tradingPair, since - CLOCK_SLACK_MS).catch((error: unknown) => {
      if (error instanceof UnknownPair || error instanceof VenueRefused) return []
      throw error
    })
    for (const fill of fills) {
      const orderId = await orderHere(tradingPair, fill)
      if (orderId !== undefined) {
        const ours = isComplete(fill) ? await recordFill(context, place, orderId, fill) : undefined
        if (ours === undefined) continue
        const filled = new Exact(ours).plus(fill.amount).toFixed()
        const { tradeId } = fill
        context.drifts.found(place, { kind: 'fill', orderId, tradingPair, tradeId, ours, venue: filled })
      } else if (fill.venueOrderId !== '' && (known !== undefined || fill.time >= since)) {
        // What was traded before the first look is not Colibri's to tell.
        strangers.add(tradingPair, fill.venueOrderId)
      }
    }
    readUntil.set(tradingPair, startedAt)
  }

  const waits = (): ((difference: Difference) => number) => {
    const live = context.streams.live().filter(({ order }) => isHere(order.intent))
    const ended = context.streams.endedSince(now() - policy.busyMs).filter(({ order }) => isHere(order.intent))
    const touches = (pair: string, { tradingPair, subject }: Difference): boolean =>
      tradingPair === null ? pair.split('-').includes(subject) : pair === tradingPair
    return (difference) => {
      const on = (orders: typeof live) => orders.filter(({ order }) => touches(order.intent.tradingPair, difference))
      // What an order has done whose outcome is unknown is not known either.
      if (on(live).some(({ order }) => isUnresolved(order) && order.venueOrderId === null))
        return Number.POSITIVE_INFINITY
      return on([...live, ...ended]).length > 0 ? Math.max(policy.busyMs, policy.guardMs) : policy.guardMs
    }
  }

  const driftOf = ({ kind, subject, tradingPair, ours, venue: seen, difference }: Difference): DriftDetected => ({
    ...place,
    kind,
    subject,
    tradingPair,
    ours,
    venue: seen,
    difference,
    repair: 'venue-taken',
  })

  return async (reading) => {
    await deps.compareOrders(await openOrders())
    const before = await deps.expected()
    if (reading === 'with-fills' || pending.size > 0) {
      const differing = [...pending.values()].map(({ difference }) => difference)
      const held = before.positions.map(({ tradingPair }) => tradingPair)
      const pairs = new Set([...pairsInUse(), ...held, ...pairsBehind(differing)])
      for (const pair of pairs) await readFills(pair, before.basis?.at ?? now())
      if (market === 'perpetual') {
        await recordFunding(deps, accountName, venue, (before.basis?.at ?? now()) - CLOCK_SLACK_MS)
      }
    }
    await strangers.identify()

    const totals = await venue.balances()
    const positions = market === 'perpetual' ? await venue.positions() : []
    const at = now()
    const { basis, positions: ours, version, newestEffect } = await deps.expected()
    const sizes = comparePositions(ours, positions)
    // What a position of another size cost is in the number of its quote token, which is not judged before the size is.
    const unsized = new Set(sizes.map(({ tradingPair }) => tradingPair?.split('-')[1]))
    const balances = (basis === undefined ? [] : compareBalances(basis.balances, totals, positions)).filter(
      ({ subject }) => !unsized.has(subject),
    )
    const differences = [...balances, ...sizes]
    if (strangers.waiting() > 0) return { drifts: [], undecided: differences, nextAt: at + policy.guardMs }

    const verdict = judge(pending, differences, at, waits())
    const blurred = basis !== undefined && balances.length > 0 && explainedBy(balances, basis.doubtful)
    const certain = verdict.certain.filter(({ kind }) => kind === 'position' || !blurred)
    const open = new Map(
      balances
        .filter((one) => !blurred && !certain.includes(one))
        .map(({ subject, difference }) => [subject, difference]),
    )
    const confirm = (reason: BalancesConfirmed['reason']): BalancesConfirmed => ({
      ...place,
      reason,
      at,
      through: newestEffect,
      // What is undecided stays so.
      tokens: countedOf(totals, positions).tokens.map(({ token, cash, slack }) => ({
        token,
        cash: new Exact(cash).minus(open.get(token) ?? 0).toFixed(),
        slack,
      })),
    })
    const due = basis !== undefined && basis.count > 0 && at - basis.at >= policy.rollMs
    const reason = ((): BalancesConfirmed['reason'] | undefined => {
      if (basis === undefined) return 'first-look'
      if (blurred) return 'blurred'
      if (certain.some(({ kind }) => kind === 'position')) return 'position-taken'
      return due && differences.length === 0 ? 'rolled' : undefined
    })()
    const drifts = certain.map(driftOf)
    const confirmed = reason === undefined ? {} : { confirmed: confirm(reason) }
    if ((await recordLook(deps, place, version, { drifts, ...confirmed })) === 'outrun') {
      return { drifts: [], undecided: differences, nextAt: at + policy.guardMs }
    }
    pending = verdict.pending
    if (drifts.length > 0) context.balancesMoved(accountName, connectorName)
    const undecided = [...pending.values()].map(({ difference }) => difference)
    return { drifts, undecided, nextAt: verdict.nextAt }
  }
}
