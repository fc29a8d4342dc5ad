import type { Duplex } from 'node:stream'
import { WebSocket } from 'ws'
import type { Replica } from '../../replicas/replicas.ts'
import type { Link } from './links.ts'
import type { Frame } from './live-frame.ts'
import { createSubscriptionMemory } from './subscription-memory.ts'

export interface HeldSocketDeps {
  /** A link to go on with, not to the replica that is lost if there is another; undefined when none was to be had in time. */
  readonly findLink: (lost: Replica, wanted: () => boolean) => Promise<Link | undefined>
  readonly moved: () => void
  /** Hears of what should not happen. */
  readonly report: (error: unknown) => void
}

export interface HeldSocket {
  /** Bytes its client has left at the edge. */
  unreadBytes(): number
  /** Called in even intervals: finds replicas that have fallen silent and clients that never read. */
  check(): void
  /** The edge stops: says goodbye to both sides. */
  stop(): void
  terminate(): void
}

/** Of a client's socket, of which more is not read from the replica. */
const MOST_UNREAD = 64 * 1024
const MOST_UNANSWERED = 1_000
const MOST_UNANSWERED_BYTES = 1024 * 1024
/** Checks without a word of the replica: after the first it is asked, and asked again before it is given up. */
const SILENT_CHECKS = 3
/** A service gives up on a client that does not read after ten minutes at most, and says so; this is for when it cannot. */
const NEVER_READS_MS = 720_000

const CLOSE = { noStatus: 1005, lost: 1006, serviceRestart: 1012, tryAgainLater: 1013 } as const

/** Passes a close on; a side that was lost without a word takes the other with it. */
const pass = (to: WebSocket, code: number, reason: Buffer | string): void => {
  if (code === CLOSE.lost) to.terminate()
  else if (code === CLOSE.noStatus) to.close()
  else to.close(code, reason)
  // Its goodbye is read, however much is before it.
  to.resume()
}

/**
 * A client's websocket, held while the replicas behind it come and go. When one dies, another is told what the client is
 * subscribed to and resumes it; the client sees its data go on.
 */
export const holdSocket = (client: WebSocket, wire: Duplex, first: Link, deps: HeldSocketDeps): HeldSocket => {
  const memory = createSubscriptionMemory()
  /** Undefined while there is none. */
  let link: Link | undefined
  let unreadSince: number | undefined
  let silentChecks = 0
  let corked = false
  const clientIsThere = (): boolean => client.readyState === WebSocket.OPEN

  const uncork = (): void => {
    corked = false
    wire.uncork()
  }
  /** What a replica said in one piece leaves in one piece. */
  const cork = (): void => {
    if (corked) return
    corked = true
    wire.cork()
    setImmediate(uncork)
  }

  const clientHasRead = (): void => {
    if (unreadSince === undefined || client.bufferedAmount > MOST_UNREAD / 2) return
    unreadSince = undefined
    silentChecks = 0
    link?.socket.resume()
  }
  const tellClient = ({ data, format }: Frame): void => {
    if (!clientIsThere()) return
    cork()
    client.send(data, { binary: format === 'binary' }, clientHasRead)
    if (unreadSince !== undefined || client.bufferedAmount <= MOST_UNREAD) return
    unreadSince = performance.now()
    link?.socket.pause()
  }

  const replicaHasRead = (): void => {
    if (client.isPaused && (link === undefined || link.socket.bufferedAmount <= MOST_UNREAD / 2)) client.resume()
  }
  const tellReplica = (socket: WebSocket, { data, format }: Frame): void => {
    if (socket.readyState !== WebSocket.OPEN) return
    socket.send(data, { binary: format === 'binary' }, replicaHasRead)
    if (socket.bufferedAmount > MOST_UNREAD) client.pause()
  }

  const adopt = (next: Link, words: readonly Frame[]): void => {
    const { replica, socket } = next
    link = next
    silentChecks = 0
    socket.on('message', (data: Buffer, isBinary: boolean) => {
      silentChecks = 0
      const frame: Frame = { data, format: isBinary ? 'binary' : 'text' }
      if (memory.heard(frame) === 'pass') tellClient(frame)
    })
    socket.on('ping', (data: Buffer) => {
      silentChecks = 0
      if (clientIsThere()) client.ping(data)
    })
    socket.on('pong', () => {
      silentChecks = 0
    })
    // The close that follows says what to do.
    socket.on('error', () => undefined)
    socket.once('close', (code: number, reason: Buffer) => {
      if (link === next) link = undefined
      if (!clientIsThere()) return
      if (code === CLOSE.lost || code === CLOSE.serviceRestart) move(replica).catch(deps.report)
      else pass(client, code, reason)
    })
    for (const word of words) tellReplica(socket, word)
    if (unreadSince === undefined) socket.resume()
    if (link.socket.bufferedAmount <= MOST_UNREAD) client.resume()
  }

  const move = async (lost: Replica): Promise<void> => {
    const next = await deps.findLink(lost, clientIsThere)
    if (!clientIsThere()) next?.socket.terminate()
    else if (next === undefined) sendAway('No replica is ready to take over: try again later')
    else {
      adopt(next, memory.moved())
      deps.moved()
    }
  }

  const sendAway = (reason: string): void => {
    client.resume()
    client.close(CLOSE.tryAgainLater, reason)
  }

  client.on('message', (data: Buffer, isBinary: boolean) => {
    if (!clientIsThere()) return
    const frame: Frame = { data, format: isBinary ? 'binary' : 'text' }
    memory.asked(frame)
    const { count, bytes } = memory.unanswered()
    const tooMuch = count > MOST_UNANSWERED || bytes > MOST_UNANSWERED_BYTES
    if (link !== undefined) {
      if (tooMuch) memory.forgetOldest()
      tellReplica(link.socket, frame)
    } else if (tooMuch) sendAway('Too much was said while no replica was ready: try again later')
  })
  client.on('pong', (data: Buffer) => {
    if (link?.socket.readyState === WebSocket.OPEN) link.socket.pong(data)
  })
  // A frame that breaks the protocol: ws closes the socket itself, with the code that says why.
  client.on('error', () => undefined)
  client.once('close', (code: number, reason: Buffer) => {
    if (link !== undefined) pass(link.socket, code, reason)
  })
  adopt(first, [])

  return {
    unreadBytes: () => client.bufferedAmount,
    check: () => {
      if (unreadSince !== undefined) {
        // Nothing is read from the replica either, so nothing is known of it.
        if (performance.now() - unreadSince > NEVER_READS_MS) client.terminate()
        return
      }
      if (link === undefined || link.socket.readyState !== WebSocket.OPEN) return
      if (silentChecks >= SILENT_CHECKS) {
        link.socket.terminate()
        return
      }
      if (silentChecks > 0) link.socket.ping()
      silentChecks += 1
    },
    stop: () => {
      client.resume()
      client.close(CLOSE.serviceRestart, 'Service is restarting')
      link?.socket.terminate()
    },
    terminate: () => client.terminate(),
  }
}
