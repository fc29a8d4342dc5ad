/**
 * What all replicas together have taken out of one budget, as data. Weights are milliseconds of the window (cost units
 * times the interval), so that a full window holds exactly `windowMs` of them. Pure.
 */
import { z } from 'zod'

/** Weight that was, or still may be, spent until a time. */
const charge = z.tuple([z.number(), z.number().nonnegative()]).readonly()
export type Charge = z.infer<typeof charge>

export const budgetWindow = z.object({ charges: z.array(charge).readonly() })
export type BudgetWindow = Readonly<z.infer<typeof budgetWindow>>
export const emptyWindow: BudgetWindow = { charges: [] }

export interface Timing {
  readonly windowMs: number
  /** How long weight that was taken in advance may be spent. */
  readonly leaseMs: number
  /** Charges are kept by slices of this length. */
  readonly sliceMs: number
  /** How much later than its neighbour a request may reach the venue. */
  readonly spreadMs: number
}

const between = (value: number, least: number, most: number): number => Math.min(most, Math.max(least, value))

export const timingOf = (windowMs: number): Timing => ({
  windowMs,
  leaseMs: between(windowMs / 16, 50, 5_000),
  sliceMs: windowMs / 32,
  spreadMs: between(windowMs / 10, 100, 1_000),
})

export interface Ask {
  /** Less is of no use. */
  readonly least: number
  /** What waits for it now. */
  readonly queued: number
  /** What may come soon: taken only from plenty, because weight that lies about in leases is missed by others. */
  readonly spare: number
  /** Weight that a window may hold after this grant. */
  readonly capacity: number
}

export interface Lease {
  readonly weight: number
  /** May be spent until then. */
  readonly until: number
  /** The charge it is part of. */
  readonly slice: number
}

export type Grant =
  | { readonly kind: 'granted'; readonly window: BudgetWindow; readonly lease: Lease }
  | { readonly kind: 'full'; readonly freeAt: number }

/** A charge counts as long as a request made at its end may still be in the venue's window. */
const countsUntil = ([until]: Charge, { windowMs, spreadMs }: Timing): number => until + windowMs + spreadMs

const alive = ({ charges }: BudgetWindow, timing: Timing, now: number): readonly Charge[] =>
  charges.filter((one) => countsUntil(one, timing) > now)

/** Weight that the venue may count at `now`. */
export const usedAt = (window: BudgetWindow, timing: Timing, now: number): number =>
  alive(window, timing, now).reduce((sum, [, weight]) => sum + weight, 0)

/** Adds a charge; what no longer counts is forgotten. */
export const withCharge = (
  window: BudgetWindow,
  timing: Timing,
  [until, weight]: Charge,
  now: number,
): BudgetWindow => {
  const rest = alive(window, timing, now)
  const same = rest.find(([at]) => at === until)
  const others = rest.filter((one) => one !== same)
  return { charges: [...others, [until, weight + (same?.[1] ?? 0)] as const].sort(([left], [right]) => left - right) }
}

/** Gives back what of a lease was not spent. */
export const withRefund = (window: BudgetWindow, [slice, weight]: Charge): BudgetWindow => ({
  charges: window.charges.flatMap(([until, held]) => {
    const left = until === slice ? held - weight : held
    return left > 1e-9 ? [[until, left] as const] : []
  }),
})

/** The first moment at which the window has room for `weight`. */
export const freeAt = (window: BudgetWindow, timing: Timing, weight: number, capacity: number, now: number): number => {
  // A queue longer than the window takes whole windows first.
  const whole = capacity > 0 ? Math.max(0, Math.ceil(weight / capacity) - 1) : 0
  const rest = Math.min(weight - whole * capacity, capacity)
  let used = usedAt(window, timing, now)
  if (used + rest <= capacity) return now + whole * timing.windowMs
  for (const one of alive(window, timing, now)) {
    used -= one[1]
    if (used + rest <= capacity + 1e-9) return countsUntil(one, timing) + whole * timing.windowMs
  }
  return now + timing.windowMs
}

/** The end of the slice that a time is in: the name of its charge. */
export const sliceOf = (time: number, { sliceMs }: Timing): number => Math.ceil(time / sliceMs) * sliceMs

/** Takes a lease out of the window, if there is enough left. */
export const grant = (window: BudgetWindow, timing: Timing, ask: Ask, now: number): Grant => {
  const { least, queued, spare, capacity } = ask
  const free = capacity - usedAt(window, timing, now)
  const until = now + timing.leaseMs
  if (least > capacity && capacity > 0 && free === capacity) {
    // A request dearer than a whole window goes out alone and takes up the windows it is worth.
    const slice = sliceOf(until, timing) + (Math.ceil(least / capacity) - 1) * timing.windowMs
    return granted(window, timing, { weight: least, until, slice }, now)
  }
  if (free + 1e-9 < least) return { kind: 'full', freeAt: freeAt(window, timing, least, capacity, now) }
  const weight = between(Math.max(queued, Math.min(spare, free / 4)), least, Math.max(least, free))
  return granted(window, timing, { weight, until, slice: sliceOf(until, timing) }, now)
}

const granted = (window: BudgetWindow, timing: Timing, lease: Lease, now: number): Grant => ({
  kind: 'granted',
  window: withCharge(window, timing, [lease.slice, lease.weight], now),
  lease,
})
