import type { Push } from './message.ts'

/**
 * Where one subscriber stands in a shared source. It keeps no data of its own, so a subscriber that reads slowly costs
 * nothing: what it gets is made of what there is when it is ready for it.
 */
export interface Cursor {
  /** Whether a subscriber that resumes gets all it missed; undefined for one that does not resume. */
  readonly resumed: boolean | undefined
  /** What is new since the last call; undefined when nothing is. */
  take(): Taken | undefined
}

export interface Taken {
  readonly push: Push
  /** True when something before this is missing, as after a replica lost its way to the owner of the feed. */
  readonly hole: boolean
}

export interface SourceLimits {
  /** How long a feed may take to open, or to say that it cannot be had. */
  readonly readyMs: number
  /** How long a subscriber that resumes waits for a replica that knows less than it does. */
  readonly catchUpMs: number
}

/** What all subscribers of one feed share. `Wish` is what may differ between them. */
export interface Source<Wish> {
  /** Resolves when subscribers can be answered; rejects when the feed cannot be had. */
  ready(): Promise<void>
  /** Resolves when the source knows what a subscriber that resumes knows, or soon after in any case. */
  caughtUp(resumeFrom: number): Promise<void>
  cursor(wish: Wish, resumeFrom: number | undefined): Cursor
  /** Settles with the reason when a feed that was ready turns out not to exist. */
  readonly ended: Promise<Error | undefined>
  close(): void
}
