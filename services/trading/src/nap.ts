/** A rest that can be cut short, one at a time. */
export interface Nap {
  /** Resolves after `milliseconds`, at `wake`, or when the signal aborts. Never rejects. */
  rest(milliseconds: number, signal: AbortSignal): Promise<void>
  /** Ends the rest that is being taken, if one is. */
  wake(): void
}

export const createNap = (): Nap => {
  let end: () => void = () => undefined
  return {
    rest: (milliseconds, signal) =>
      new Promise((resolve) => {
        const done = (): void => {
          clearTimeout(timer)
          signal.removeEventListener('abort', done)
          end = () => undefined
          resolve()
        }
        const timer = setTimeout(done, milliseconds)
        signal.addEventListener('abort', done, { once: true })
        end = done
        if (signal.aborted) done()
      }),
    wake: () => end(),
  }
}
