import { setTimeout as sleep } from 'node:timers/promises'
import type { ServiceName } from '@colibri/contracts'
import type { Logger } from 'pino'
import type { WebSocket } from 'ws'
import type { Replica, Replicas } from '../../replicas/replicas.ts'
import { neverReached } from '../forward.ts'
import { type Call, createDial } from './dial.ts'

/** A replica and the edge's own socket to it. */
export interface Link {
  readonly replica: Replica
  readonly socket: WebSocket
}

export interface Search {
  readonly service: ServiceName
  readonly call: Call
  /** How long to look, also while no replica is ready at all: one that is busy, or restarts, is there again in a moment. */
  readonly patienceMs: number
  /** A replica to go back to only if there is no other. */
  readonly avoid?: Replica
  readonly wanted: () => boolean
}

/** A paused socket to a ready replica; undefined when none was to be had, or is wanted no more. */
export type FindLink = (search: Search) => Promise<Link | undefined>

const FIRST_WAIT_MS = 50
const LONGEST_WAIT_MS = 1_000

/** Finds replicas for sockets. One that fails is asked again only when there is no other: it may just be slow. */
export const createFindLink = (replicas: Replicas, logger: Logger): FindLink => {
  const dial = createDial((replica, error) => {
    const { service, instanceId } = replica
    const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
    logger.warn({ service, instanceId, code, reason: String(error) }, 'replica did not take a socket')
    if (neverReached.has(code)) replicas.refused(replica)
  })

  const tryOne = async ({ service, call, wanted }: Search, avoided: Set<Replica>): Promise<Link | undefined> => {
    const replica = replicas.choose(service, avoided) ?? replicas.choose(service)
    if (replica === undefined) return undefined
    replica.inFlight += 1
    const socket = await dial(replica, call, wanted)
    if (socket === undefined) {
      replica.inFlight -= 1
      avoided.add(replica)
      return undefined
    }
    socket.once('close', () => {
      replica.inFlight -= 1
    })
    return { replica, socket }
  }

  return async (search) => {
    const { patienceMs, avoid, wanted } = search
    const deadline = performance.now() + patienceMs
    const avoided = new Set(avoid === undefined ? [] : [avoid])
    for (let wait = FIRST_WAIT_MS; wanted(); wait = Math.min(wait * 2, LONGEST_WAIT_MS)) {
      const link = await tryOne(search, avoided)
      if (link !== undefined) return link
      if (performance.now() >= deadline) return undefined
      // All the clients of a dead replica come at once.
      await sleep(wait * (0.5 + Math.random()))
    }
    return undefined
  }
}
