/** A moment by two clocks: one that nobody can set, one that also runs while the machine is suspended. Milliseconds. */
export interface Instant {
  readonly steady: number
  readonly wall: number
}

/** The time for which this process may act on a lease. */
export interface Term {
  readonly from: Instant
  readonly ms: number
}

export const instant = (): Instant => ({ steady: performance.now(), wall: Date.now() })

/**
 * The term of a lease that was asked for at `asked` for `ttlMs`: it began at the database later than that, and is given up
 * a sixth early, for clocks that run at different speeds.
 */
export const termOf = (asked: Instant, ttlMs: number): Term => ({ from: asked, ms: ttlMs - ttlMs / 6 })

/** Over by either clock. A clock that was set back leaves the other. */
export const isOver = ({ from, ms }: Term, now: Instant): boolean =>
  now.steady - from.steady >= ms || now.wall - from.wall >= ms
