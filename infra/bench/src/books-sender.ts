import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'
import { binanceReplay, kucoinReplay, type ReplayFrame, type ReplayVenue, startReplay } from '@colibri/testkit'

/** A captured venue in a thread of its own, that sends its book updates round and round as fast as they are taken. */
export type Captured = 'binance-futures' | 'kucoin'

/** What the thread tells: where the venue is, and how many levels each frame of one round holds. */
export interface SenderReady {
  readonly connectorName: string
  readonly tradingPairs: readonly string[]
  readonly restUrl: string
  readonly socketUrl: string
  readonly levels: readonly number[]
}

/** Enough under way to keep the reader busy, little enough to count what it has taken. */
const mostBufferedBytes = 512 * 1024

const capture = (name: Captured): ReplayVenue | undefined =>
  name === 'kucoin' ? kucoinReplay() : binanceReplay('futures')

/** The frame with the number that follows, so that a second round goes on where the first one ended. */
const numbered = (name: Captured, { text }: ReplayFrame, last: number): string =>
  name === 'kucoin'
    ? text
        .replace(/"sequenceStart":\d+/, `"sequenceStart":${last + 1}`)
        .replace(/"sequenceEnd":\d+/, `"sequenceEnd":${last + 1}`)
    : text.replace(/"U":\d+,"u":\d+,"pu":\d+/, `"U":${last + 1},"u":${last + 1},"pu":${last}`)

/** Prices and amounts come in pairs of texts; KuCoin adds a number to each. */
const levelsOf = (name: Captured, { text }: ReplayFrame): number =>
  [...text.matchAll(name === 'kucoin' ? /\["[\d.]+","[\d.]+","\d+"\]/g : /\["[\d.]+","[\d.]+"\]/g)].length

const run = async (name: Captured): Promise<void> => {
  const venue = capture(name)
  const port = parentPort
  if (port === null) throw new Error('the sender runs in a thread')
  if (venue === undefined) {
    port.postMessage(null)
    return
  }
  const markets = new Set(venue.markets.map(({ id }) => id))
  const frames = venue.frames.filter(({ change, market }) => change !== undefined && markets.has(market))
  const server = await startReplay(venue)
  const ready: SenderReady = {
    connectorName: venue.connectorName,
    tradingPairs: venue.markets.map(({ tradingPair }) => tradingPair),
    restUrl: server.restUrl,
    socketUrl: server.socketUrl,
    levels: frames.map((frame) => levelsOf(name, frame)),
  }
  let state: 'waiting' | 'sending' | 'stopped' = 'waiting'
  port.on('message', (word: 'go' | 'stop') => {
    state = word === 'go' ? 'sending' : 'stopped'
  })
  port.postMessage(ready)

  const sequences = new Map([...venue.books].map(([id, book]) => [id, book.sequence]))
  while (state === 'waiting') await sleep(5)
  while (state === 'sending') {
    for (const frame of frames) {
      const last = sequences.get(frame.market) ?? 0
      sequences.set(frame.market, last + 1)
      server.send(frame, numbered(name, frame, last))
      while (state === 'sending' && server.bufferedBytes > mostBufferedBytes) await turn()
      if (state !== 'sending') break
    }
    await turn()
  }
  await server.close()
  port.close()
}

await run(workerData)
