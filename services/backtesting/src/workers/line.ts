/** A place at work, to be given back. */
export interface Turn {
  done(): void
}

/** Lets so many in at once, the others in the order they came. */
export interface Line {
  /** Undefined when the signal aborts first, or the line is closed. */
  turn(signal: AbortSignal | undefined): Promise<Turn | undefined>
  /** Sends all away who wait, and who come later. */
  close(): void
}

export const openLine = (places: number): Line => {
  const waiting = new Set<(turn: Turn | undefined) => void>()
  let free = places
  let closed = false

  const grant = (): Turn => {
    free -= 1
    let given = true
    return {
      done: () => {
        if (!given) return
        given = false
        free += 1
        const [next] = waiting
        if (next === undefined) return
        waiting.delete(next)
        next(grant())
      },
    }
  }

  return {
    turn: (signal) =>
      new Promise((resolve) => {
        if (closed || signal?.aborted === true) return resolve(undefined)
        if (free > 0) return resolve(grant())
        const settle = (turn: Turn | undefined): void => {
          signal?.removeEventListener('abort', leave)
          resolve(turn)
        }
        const leave = (): void => {
          waiting.delete(settle)
          settle(undefined)
        }
        waiting.add(settle)
        signal?.addEventListener('abort', leave, { once: true })
      }),
    close: () => {
      closed = true
      for (const settle of [...waiting]) {
        waiting.delete(settle)
        settle(undefined)
      }
    },
  }
}
