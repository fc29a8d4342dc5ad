import type { StreamItem } from '../venue.ts'

/** What one slow reader has not read yet: bounded, whatever happens meanwhile. */
export interface Mailbox<T> {
  put(item: StreamItem<T>): void
  /** Ends the reading after what is waiting; with an error the reading rejects with it. */
  end(error?: Error): void
  read(): AsyncGenerator<StreamItem<T>>
}

/** Joins a value that waits with the one that follows it. `null`: the reader is too slow and values were lost. */
export type Join<T> = (waiting: T, next: T) => T | null

/** More than one pause in a row of values says no more than that there was one. */
const mostWaiting = 4

export class ReaderTooSlow extends Error {
  override readonly name = 'ReaderTooSlow'
}

const interruptedBy = <T>(error: Error): StreamItem<T> => ({ kind: 'interrupted', reason: 'sequence-gap', error })

export const mailbox = <T>(join: Join<T>): Mailbox<T> => {
  let waiting: StreamItem<T>[] = []
  let ended: { readonly error: Error | undefined } | undefined
  let wake: () => void = () => {}

  const add = (item: StreamItem<T>): void => {
    const last = waiting.at(-1)
    if (last === undefined || last.kind !== item.kind) waiting.push(item)
    else if (last.kind === 'data' && item.kind === 'data') {
      const value = join(last.value, item.value)
      if (value !== null) waiting[waiting.length - 1] = { kind: 'data', value }
      else waiting = [interruptedBy<T>(new ReaderTooSlow('values were lost before they were read')), item]
    } else waiting[waiting.length - 1] = item
    // Begins with an interruption, so that nothing is lost without a word.
    if (waiting.length > mostWaiting)
      waiting = waiting.slice(waiting.findLastIndex(({ kind }) => kind === 'interrupted'))
  }

  return {
    put(item) {
      if (ended !== undefined) return
      add(item)
      wake()
    },
    end(error) {
      ended ??= { error }
      wake()
    },
    async *read() {
      while (true) {
        const next = waiting.shift()
        if (next !== undefined) yield next
        else if (ended !== undefined) {
          if (ended.error !== undefined) throw ended.error
          return
        } else
          await new Promise<void>((resolve) => {
            wake = resolve
          })
      }
    },
  }
}
