import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { type BookView, openVenues } from '@colibri/exchange'
import type { Captured, SenderReady } from './books-sender.ts'
import type { Figure } from './report.ts'

const warmUpMs = 1_500
const measuredMs = 6_000
const mostOpeningMs = 30_000
/** What a reader looks at whenever a book has changed. */
const levelsRead = 20

const readyOf = (sender: Worker): Promise<SenderReady | null> =>
  new Promise((resolve, reject) => {
    sender.once('message', resolve)
    sender.once('error', reject)
  })

/** How many levels the first `messages` frames held, round after round. */
const levelsIn = (levels: readonly number[], messages: number): number => {
  const round = levels.reduce((sum, count) => sum + count, 0)
  const rest = levels.slice(0, messages % levels.length).reduce((sum, count) => sum + count, 0)
  return Math.floor(messages / levels.length) * round + rest
}

/**
 * Level updates a second into served books: a captured venue sends its updates round and round from a thread of its own,
 * they come through a real websocket and the exchange's real class, and every book is read whenever it has changed. The
 * figure is per second of this thread's processor time, so that neighbours on the machine do not count.
 */
const measure = async (captured: Captured, target: Figure['target']): Promise<readonly Figure[]> => {
  const sender = new Worker(new URL('./books-sender.js', import.meta.url), { workerData: captured })
  const ended = new Promise<void>((resolve) => sender.once('exit', () => resolve()))
  const ready = await readyOf(sender)
  if (ready === null) {
    console.log(`books of ${captured}: not measured, the captures are not on this machine`)
    return []
  }
  const { connectorName, tradingPairs, restUrl, socketUrl, levels } = ready
  const urls = { rest: restUrl, ws: socketUrl, limit: { cost: 1_000_000, windowMs: 1_000 } }
  const venues = openVenues({ urls: { [connectorName]: urls } })
  const stop = new AbortController()
  const views = new Map<string, BookView>()
  const interruptions: unknown[] = []
  let read = 0
  const follow = async (tradingPair: string): Promise<void> => {
    for await (const item of venues.liveVenue(connectorName).book(tradingPair, stop.signal)) {
      if (item.kind === 'interrupted') interruptions.push(item.error)
      else {
        views.set(tradingPair, item.value)
        read += item.value.side('bids', levelsRead).length + item.value.side('asks', levelsRead).length
      }
    }
  }
  const following = tradingPairs.map(follow)
  const end = performance.now() + mostOpeningMs
  while (views.size < tradingPairs.length) {
    if (performance.now() > end)
      throw new Error(`${views.size} of ${tradingPairs.length} books opened: ${interruptions}`)
    await sleep(20)
  }
  // Every message that is applied moves the one counter of the venue by one.
  const applied = (): number => Math.max(...[...views.values()].map(({ updateId }) => updateId))

  const first = applied()
  sender.postMessage('go')
  await sleep(warmUpMs)
  const before = { applied: applied(), cpu: process.threadCpuUsage(), time: performance.now() }
  await sleep(measuredMs)
  const cpu = process.threadCpuUsage(before.cpu)
  const seconds = (performance.now() - before.time) / 1000
  const after = applied()
  sender.postMessage('stop')
  stop.abort()
  await Promise.all(following)
  await venues.close()
  await ended
  if (interruptions.length > 0) throw new Error(`the books of ${captured} were interrupted: ${interruptions[0]}`)
  if (read === 0) throw new Error('no book was read')

  const count = levelsIn(levels, after - first) - levelsIn(levels, before.applied - first)
  const cpuSeconds = (cpu.user + cpu.system) / 1e6
  const name = `books of ${captured}`
  return [
    {
      name: `${name}, into served books`,
      value: count / cpuSeconds,
      unit: 'levels/s of one core',
      ...(target === undefined ? {} : { target }),
    },
    { name: `${name}, as the clock goes`, value: count / seconds, unit: 'levels/s' },
    { name: `${name}, messages`, value: (after - before.applied) / cpuSeconds, unit: 'messages/s of one core' },
  ]
}

/** Eight levels a message, as venues send that gather changes for 100 ms; and one a message, where messages are all it costs. */
export const measureBooks = async (): Promise<readonly Figure[]> => [
  ...(await measure('binance-futures', { atLeast: 100_000 })),
  ...(await measure('kucoin', undefined)),
]
