/**
 * A right to write that others may take over. An append that carries it is refused with `FencedOff` once somebody else has
 * taken the lease of that name: each taking has a higher token, and the log stores only what carries the newest one.
 */
export interface Fence {
  readonly lease: string
  readonly token: number
}

/** Another process holds the lease now. Nothing was written, and nothing more will be under this token. */
export class FencedOff extends Error {
  override readonly name = 'FencedOff'
  constructor(readonly fence: Fence) {
    super(`${fence.lease} was taken over: token ${fence.token} writes no more`)
  }
}
