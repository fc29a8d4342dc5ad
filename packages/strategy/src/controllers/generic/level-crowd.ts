import type { Executor } from '../../executors/executor.ts'
import { nearest } from '../../numbers/exact.ts'
import type { World } from '../controller.ts'
import { newlyEnded } from '../market-making/level-ends.ts'

const entryOf = ({ config, averagePrice }: Executor): number =>
  config.type === 'position_executor' ? nearest(config.entry_price) : averagePrice

/** What goes on at each level, by its place. */
export interface LevelCrowd {
  /** How many executors are at work. */
  readonly count: Int32Array
  /** Whether one of them waits to be filled. */
  readonly waiting: Uint8Array
  /** Where they entered or mean to; +Infinity and -Infinity where there are none. */
  readonly lowestEntry: Float64Array
  readonly highestEntry: Float64Array
  /** When something last happened to an opening order, of those that have ended too. */
  readonly lastUpdate: Float64Array
}

/** Looks at the executors of each level, tick by tick. The answer is the same object each time. */
export const levelCrowd = (places: ReadonlyMap<string | null, number>): ((world: World) => LevelCrowd) => {
  const crowd: LevelCrowd = {
    count: new Int32Array(places.size),
    waiting: new Uint8Array(places.size),
    lowestEntry: new Float64Array(places.size),
    highestEntry: new Float64Array(places.size),
    lastUpdate: new Float64Array(places.size).fill(Number.NEGATIVE_INFINITY),
  }
  const { count, waiting, lowestEntry, highestEntry, lastUpdate } = crowd

  const noticeUpdate = ({ levelId, openOrderLastUpdate }: Executor): void => {
    const at = places.get(levelId)
    if (at !== undefined && openOrderLastUpdate > (lastUpdate[at] as number)) lastUpdate[at] = openOrderLastUpdate
  }
  const noticeEnds = newlyEnded(noticeUpdate)

  return ({ active, finished }) => {
    count.fill(0)
    waiting.fill(0)
    lowestEntry.fill(Number.POSITIVE_INFINITY)
    highestEntry.fill(Number.NEGATIVE_INFINITY)
    noticeEnds(finished)
    for (const executor of active) {
      noticeUpdate(executor)
      const at = places.get(executor.levelId)
      if (at === undefined) continue
      const entry = entryOf(executor)
      count[at] = (count[at] as number) + 1
      if (!executor.isTrading) waiting[at] = 1
      lowestEntry[at] = Math.min(lowestEntry[at] as number, entry)
      highestEntry[at] = Math.max(highestEntry[at] as number, entry)
    }
    return crowd
  }
}
