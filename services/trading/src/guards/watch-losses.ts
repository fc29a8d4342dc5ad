import type { EquityMarks, GuardScope } from '@colibri/contracts'
import { Exact } from '../decimal.ts'
import { createNap } from '../nap.ts'
import type { OrderFill, OrderIntent } from '../orders/order.ts'
import { type Guard, type LossWatch, scopeKey } from './guard.ts'
import { steps, type TradingGuards } from './guards.ts'
import { breachOf, breachText, isWorthStoring, type Valued, valuate } from './losses.ts'
import { followMovements, placeOf } from './movements.ts'
import type { Holding } from './read-holdings.ts'
import type { Moved } from './transfers.ts'

/** What a watch over losses sees. */
export interface Sight {
  /** The watch it is of. */
  readonly watch: string
  /** In USDT, as decimal text. */
  readonly equity: string | null
  readonly peak: string | null
  readonly seenAt: number | null
  /** Since when equity cannot be told, and why. */
  readonly blind: { readonly since: number; readonly reason: string } | null
}

export interface LossWatchDeps {
  readonly guards: Pick<TradingGuards, 'all' | 'mark' | 'breach'>
  readonly everyMs: number
  readHoldings(accountNames: readonly string[] | null): Promise<readonly Holding[]>
  /** Goes down the ladder of a halt that was stored. */
  descend(scope: GuardScope): void
  now(): number
  report(error: unknown, what: string): void
}

export interface LossWatches {
  /** Looks once. `soon`: what was seen is to be confirmed by another look. */
  look(): Promise<'soon' | 'later'>
  /** Looks again and again until the signal aborts. */
  run(signal: AbortSignal): Promise<void>
  sight(scope: GuardScope): Sight | undefined
  sights(): ReadonlyMap<string, Sight>
  /** A fill: no transfer, and a reason to look soon. */
  filled(intent: OrderIntent, fill: OrderFill): void
}

interface Seen {
  readonly watch: string
  sight: Sight
  /** The equity of the look before, what was transferred since included. */
  before: Exact | undefined
  peak: Exact | undefined
}

type Watching = Guard & { readonly watch: LossWatch }

/** A change of balance that stays the same for so many looks is a transfer. */
const SETTLED_LOOKS = 4
const CONFIRM_MS = 1_000
/** After a fill: venues count what they are asked. */
const GATHER_MS = 2_000
/** How often a look that fills ran through is repeated before it counts. */
const MOST_RETRIES = 3

const watches = (guard: Guard): guard is Watching =>
  guard.watch !== null && (guard.halt.kind === 'none' || steps[guard.halt.ladder] < steps[guard.limits.lossLadder])

const covers = (scope: GuardScope, { accountName }: Holding): boolean =>
  scope.kind === 'portfolio' || scope.accountName === accountName

/**
 * Compares equity with the limits on losses. One look alone is neither a breach nor a peak: balances, positions and prices
 * are read one after the other, and only what the next look says too is believed.
 */
export const watchLosses = (deps: LossWatchDeps): LossWatches => {
  const seen = new Map<string, Seen>()
  const movements = followMovements(SETTLED_LOOKS)
  const lastWorth = new Map<string, Exact>()
  let fills = 0
  let retries = 0
  const nap = createNap()

  const ofWatch = (guard: Watching): Seen => {
    const key = scopeKey(guard.scope)
    const known = seen.get(key)
    if (known?.watch === guard.watch.id) return known
    const sight: Sight = {
      watch: guard.watch.id,
      equity: null,
      peak: guard.watch.marks?.peak ?? null,
      seenAt: null,
      blind: null,
    }
    const fresh: Seen = { watch: guard.watch.id, sight, before: undefined, peak: undefined }
    seen.set(key, fresh)
    return fresh
  }

  const goBlind = (guard: Watching, reason: string): void => {
    const state = ofWatch(guard)
    state.before = undefined
    if (state.sight.blind === null) deps.report(new Error(reason), `losses of ${scopeKey(guard.scope)} cannot be told`)
    state.sight = { ...state.sight, blind: { since: state.sight.blind?.since ?? deps.now(), reason } }
  }

  /** What came to the watched accounts, or left them, without being won or lost. */
  const transferred = (
    marks: EquityMarks,
    { worths }: Extract<Valued, { readonly kind: 'valued' }>,
    moved: ReadonlyMap<string, Moved>,
  ): Exact => {
    let sum = new Exact(0)
    const counted = new Map(marks.holdings.map((holding) => [placeOf(holding), holding]))
    for (const [holding, worth] of worths) {
      if (!counted.delete(placeOf(holding))) sum = sum.plus(worth)
      else sum = sum.plus(moved.get(placeOf(holding))?.transferred ?? 0)
    }
    for (const gone of counted.values()) {
      sum = sum.minus(lastWorth.get(placeOf(gone)) ?? gone.worth)
      movements.forget(gone)
    }
    return sum
  }

  const holdingsOf = ({ worths }: Extract<Valued, { readonly kind: 'valued' }>): EquityMarks['holdings'] =>
    [...worths].map(([{ accountName, connectorName }, worth]) => ({
      accountName,
      connectorName,
      worth: worth.toFixed(),
    }))

  /** True when the next look should come soon, to confirm this one. */
  const judge = async (guard: Watching, all: readonly Holding[], moved: ReadonlyMap<string, Moved>) => {
    const { scope, limits } = guard
    const state = ofWatch(guard)
    const valued = valuate(
      all.filter((holding) => covers(scope, holding)),
      guard.watch.marks,
    )
    if (valued.kind === 'blind') {
      goBlind(guard, valued.reason)
      return false
    }
    const held = [...valued.worths.keys()].reduce(
      (sum, holding) => sum.plus(moved.get(placeOf(holding))?.held ?? 0),
      new Exact(0),
    )
    const equity = valued.equity.minus(held)
    const tell = (peak: Exact): void => {
      state.sight = {
        watch: guard.watch.id,
        equity: equity.toFixed(),
        peak: peak.toFixed(),
        seenAt: deps.now(),
        blind: null,
      }
    }
    let { marks } = guard.watch
    if (marks === null) {
      const text = equity.toFixed()
      const began = { start: text, peak: text, holdings: holdingsOf(valued), unpriced: [...valued.unpriced] }
      await deps.guards.mark(scope, guard.watch.id, 'began', text, began)
      state.before = equity
      tell(equity)
      return false
    }
    const shift = transferred(marks, valued, moved)
    const isNew = marks.holdings.length !== valued.worths.size
    if (!shift.isZero() || isNew) {
      const peak = (state.peak ?? new Exact(marks.peak)).plus(shift)
      const start = new Exact(marks.start).plus(shift).toFixed()
      marks = { ...marks, start, peak: peak.toFixed(), holdings: holdingsOf(valued) }
      await deps.guards.mark(scope, guard.watch.id, 'transfer', equity.toFixed(), marks)
      state.before = state.before?.plus(shift)
      state.peak = peak
    }
    const before = state.before
    state.before = equity
    const start = new Exact(marks.start)
    const recorded = state.peak ?? new Exact(marks.peak)
    if (before === undefined) {
      tell(recorded)
      return breachOf(limits, start, recorded, equity) !== undefined || equity.gt(recorded)
    }
    const peak = Exact.max(recorded, Exact.min(before, equity))
    state.peak = peak
    tell(peak)
    if (isWorthStoring(limits, marks.peak, peak) && peak.gt(marks.peak)) {
      await deps.guards.mark(scope, guard.watch.id, 'peak', equity.toFixed(), {
        ...marks,
        peak: peak.toFixed(),
        holdings: holdingsOf(valued),
      })
    }
    const breach = breachOf(limits, start, peak, Exact.max(before, equity))
    if (breach === undefined) return breachOf(limits, start, peak, equity) !== undefined || equity.gt(peak)
    const stored = await deps.guards.breach(scope, { watch: guard.watch.id, ...breach }, breachText(breach))
    if (stored) deps.descend(scope)
    return false
  }

  const look = async (): Promise<'soon' | 'later'> => {
    const guards = deps.guards.all()
    const watching = guards.filter(watches)
    for (const [key, state] of seen) {
      const guard = guards.find(({ scope }) => scopeKey(scope) === key)
      if (guard === undefined || guard.watch === null) seen.delete(key)
      else if (!watches(guard)) seen.set(key, { ...state, before: undefined, sight: { ...state.sight, blind: null } })
    }
    if (watching.length === 0) return 'later'
    const names = watching.flatMap(({ scope }) => (scope.kind === 'account' ? [scope.accountName] : []))
    const all = watching.some(({ scope }) => scope.kind === 'portfolio') ? null : names
    const fillsBefore = fills
    let holdings: readonly Holding[]
    try {
      holdings = await deps.readHoldings(all)
    } catch (error) {
      for (const guard of watching) goBlind(guard, error instanceof Error ? error.message : String(error))
      return 'later'
    }
    // A fill between the balances and the positions would count twice or not at all.
    if (fills !== fillsBefore && retries < MOST_RETRIES) {
      retries += 1
      return 'soon'
    }
    retries = 0
    const moved = movements.look(holdings)
    let soon = false
    for (const guard of watching) soon = (await judge(guard, holdings, moved)) || soon
    for (const holding of holdings) {
      const valued = valuate([holding], null)
      if (valued.kind === 'valued') lastWorth.set(placeOf(holding), valued.equity)
    }
    return soon ? 'soon' : 'later'
  }

  /** A watch that has just been asked for begins at once. */
  const isWaiting = (): boolean =>
    deps.guards.all().some((guard) => watches(guard) && seen.get(scopeKey(guard.scope))?.watch !== guard.watch.id)

  return {
    look,

    async run(signal) {
      while (!signal.aborted) {
        let next: 'soon' | 'later' = 'later'
        try {
          next = await look()
        } catch (error) {
          deps.report(error, 'looking for losses')
        }
        const until = deps.now() + (next === 'soon' ? Math.min(CONFIRM_MS, deps.everyMs) : deps.everyMs)
        const fillsSeen = fills
        while (!signal.aborted && deps.now() < until && fills === fillsSeen && !isWaiting()) {
          await nap.rest(Math.min(CONFIRM_MS, until - deps.now()), signal)
        }
        if (fills !== fillsSeen) await nap.rest(Math.min(GATHER_MS, deps.everyMs), signal)
      }
      // What a crash may forget, an orderly end keeps.
      for (const guard of deps.guards.all().filter(watches)) {
        const { marks } = guard.watch
        const peak = seen.get(scopeKey(guard.scope))?.peak
        if (marks === null || peak === undefined || !peak.gt(marks.peak)) continue
        await deps.guards
          .mark(guard.scope, guard.watch.id, 'peak', peak.toFixed(), { ...marks, peak: peak.toFixed() })
          .catch((error: unknown) => deps.report(error, 'storing a peak'))
      }
    },

    sight: (scope) => seen.get(scopeKey(scope))?.sight,
    sights: () => new Map([...seen].map(([key, { sight }]) => [key, sight])),

    filled(intent, fill) {
      fills += 1
      movements.filled(intent, fill)
      nap.wake()
    },
  }
}
