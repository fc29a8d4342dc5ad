/** A clock that all replicas agree on: the NATS server's, as well as it can be read over the network. */
export interface ServerClock {
  /** Epoch milliseconds. Runs steadily between readings, whatever is done to this machine's own clock. */
  now(): number
  /** Takes a reading: the server's time, said between the two moments by `performance.now()`. */
  read(serverTime: number, asked: number, answered: number): void
}

/** A reading is taken over an older one when its error is not much larger; every clock drifts. */
const driftPerReading = 1.2

export const serverClock = (): ServerClock => {
  let offset = Date.now() - performance.now()
  let error = Number.POSITIVE_INFINITY
  return {
    now: () => offset + performance.now(),
    read(serverTime, asked, answered) {
      const possible = (answered - asked) / 2
      if (possible > error) {
        error *= driftPerReading
        return
      }
      error = possible
      offset = serverTime - (asked + answered) / 2
    },
  }
}
