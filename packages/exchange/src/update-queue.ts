import type { AccountUpdate } from './venue.ts'

/** Joins several producers into one async iterable. Gaps in a row count as one. */
export interface UpdateQueue {
  push(update: AccountUpdate): void
  end(): void
  drain(): AsyncGenerator<AccountUpdate>
}

export const updateQueue = (): UpdateQueue => {
  const waiting: AccountUpdate[] = []
  let ended = false
  let wake: () => void = () => {}
  return {
    push(update) {
      if (ended || (update.kind === 'gap' && waiting.at(-1)?.kind === 'gap')) return
      waiting.push(update)
      wake()
    },
    end() {
      ended = true
      wake()
    },
    async *drain() {
      while (true) {
        const next = waiting.shift()
        if (next !== undefined) yield next
        else if (ended) return
        else
          await new Promise<void>((resolve) => {
            wake = resolve
          })
      }
    },
  }
}
