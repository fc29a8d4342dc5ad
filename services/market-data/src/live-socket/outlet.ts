/** As much of a websocket as a connection needs. */
export interface ClientSocket {
  readonly bufferedAmount: number
  send(text: string, flushed: () => void): void
  ping(): void
  pause(): void
  resume(): void
  close(code: number, reason: string): void
}

/** The connection below a websocket. */
export interface Corkable {
  cork(): void
  uncork(): void
}

/** The way out to one client, which may read slowly or not at all. */
export interface Outlet {
  /** An answer, or a word that must not be lost. */
  say(text: string): void
  /** Since when the client has left too much unread; undefined while it keeps up. */
  congestedSince(): number | undefined
}

/**
 * What a client has not read is bounded: beyond `mostUnread` bytes no data is made for it (its subscriptions make newer
 * data later), and no command of it is read, so that no answers pile up either.
 */
export const createOutlet = (
  socket: ClientSocket,
  connection: Corkable,
  mostUnread: number,
  now: () => number,
): Outlet => {
  let since: number | undefined
  let corked = false
  const uncork = (): void => {
    corked = false
    connection.uncork()
  }
  /** What is said in one turn of the event loop leaves in one write, here and at the edge. */
  const cork = (): void => {
    if (corked) return
    corked = true
    connection.cork()
    setImmediate(uncork)
  }
  const flushed = (): void => {
    if (since === undefined || socket.bufferedAmount > mostUnread / 2) return
    since = undefined
    socket.resume()
  }
  return {
    say: (text) => {
      cork()
      socket.send(text, flushed)
      if (since !== undefined || socket.bufferedAmount <= mostUnread) return
      since = now()
      socket.pause()
    },
    congestedSince: () => since,
  }
}
