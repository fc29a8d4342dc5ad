import type { StreamItem } from '../venue.ts'
import { type Join, type Mailbox, mailbox } from './mailbox.ts'

/** One stream of the venue, shared by all who read it. */
export interface Channel<T> {
  read(signal: AbortSignal): AsyncGenerator<StreamItem<T>>
}

export interface ChannelOptions<T> {
  readonly join: Join<T>
  /** Runs until the signal aborts; rejects with what no reconnection can heal. Called once, for the first reader. */
  readonly run: (put: (item: StreamItem<T>) => void, signal: AbortSignal) => Promise<void>
  /** The last reader has left. */
  readonly empty: () => void
  /** What a reader who comes later begins with. */
  readonly newest: () => T | undefined
}

export const channel = <T>(options: ChannelOptions<T>): Channel<T> => {
  const readers = new Set<Mailbox<T>>()
  const stop = new AbortController()
  let running = false

  const end = (error?: Error): void => {
    for (const reader of readers) reader.end(error)
    readers.clear()
    if (stop.signal.aborted) return
    stop.abort()
    options.empty()
  }
  const start = (): void => {
    running = true
    options
      .run((item) => {
        for (const reader of readers) reader.put(item)
      }, stop.signal)
      .then(
        () => end(),
        (error: unknown) => end(error instanceof Error ? error : new Error(String(error))),
      )
  }

  return {
    async *read(signal) {
      if (signal.aborted) return
      const mine = mailbox(options.join)
      const leave = (): void => mine.end()
      signal.addEventListener('abort', leave, { once: true })
      readers.add(mine)
      const known = options.newest()
      if (known !== undefined) mine.put({ kind: 'data', value: known })
      if (!running) start()
      try {
        for await (const item of mine.read()) {
          if (signal.aborted) return
          yield item
        }
      } finally {
        signal.removeEventListener('abort', leave)
        readers.delete(mine)
        if (readers.size === 0) end()
      }
    },
  }
}
