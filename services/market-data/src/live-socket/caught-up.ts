import type { OpenFeed } from '../feeds/feed.ts'

/**
 * Resolves when this replica has heard what a subscriber that resumes has heard, or after `withinMs`. A subscriber that
 * comes from a dead replica may know an update that is still on its way here: asked too early, its place looks like one
 * that is no longer kept, and that update would be told a second time.
 */
export const caughtUp = <T>(feed: OpenFeed<T>, resumeFrom: number, withinMs: number): Promise<void> => {
  const behind = (): boolean => (feed.latest()?.sequence ?? 0) < resumeFrom
  if (!behind()) return Promise.resolve()
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer)
      stop()
      resolve()
    }
    const timer = setTimeout(done, withinMs)
    const stop = feed.onUpdate(() => {
      if (!behind()) done()
    })
  })
}
