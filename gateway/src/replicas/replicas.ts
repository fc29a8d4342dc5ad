import type { InstanceAnnouncement, ServiceName } from '@colibri/contracts'

export interface Replica {
  readonly service: ServiceName
  readonly instanceId: string
  readonly url: URL
  state: InstanceAnnouncement['state']
  /** Requests and sockets that are under way. */
  inFlight: number
  silentTicks: number
  /** Since it became known. */
  ticks: number
}

/** A tick is half a second of a running edge, so that a stalled edge does not take its own silence for theirs. */
export const TICK_MS = 500
const SILENT_TICKS = 6
/** A young replica makes its first answers, and may be silent longer on a busy machine. */
const YOUNG_TICKS = 20
const YOUNG_SILENT_TICKS = 16

export interface Replicas {
  announced(announcement: InstanceAnnouncement): void
  /** Counts the silence; replicas silent for three seconds are forgotten, in their first ten for eight. */
  tick(): void
  /** Everybody gets three fresh seconds: the edge itself was deaf. */
  forgive(): void
  /** The ready replica with the least in flight, in turn among equals; never one of `excluded`. */
  choose(service: ServiceName, excluded?: ReadonlySet<Replica>): Replica | undefined
  /** Nobody listens there: out until it speaks again. */
  refused(replica: Replica): void
  of(service: ServiceName): readonly Replica[]
  readyCount(service: ServiceName): number
}

/** Who serves what. `onReady` hears of every replica that becomes ready. */
export const createReplicas = (onReady: (replica: Replica) => void): Replicas => {
  const byService = new Map<ServiceName, Replica[]>()
  const turn = new Map<ServiceName, number>()

  const remove = (replica: Replica): void => {
    const left = (byService.get(replica.service) ?? []).filter((other) => other !== replica)
    byService.set(replica.service, left)
    replica.state = 'draining'
  }

  const announced = (said: InstanceAnnouncement): void => {
    const list = byService.get(said.service) ?? []
    const known = list.find((replica) => replica.instanceId === said.instanceId)
    const url = new URL(said.url)
    if (known !== undefined && known.url.href === url.href) {
      const before = known.state
      known.state = said.state
      known.silentTicks = 0
      if (before !== 'ready' && said.state === 'ready') onReady(known)
      return
    }
    if (known !== undefined) remove(known)
    const replica: Replica = { ...said, url, inFlight: 0, silentTicks: 0, ticks: 0 }
    byService.set(said.service, [...(byService.get(said.service) ?? []), replica])
    if (said.state === 'ready') onReady(replica)
  }

  const all = (): Replica[] => [...byService.values()].flat()

  const choose: Replicas['choose'] = (service, excluded) => {
    const list = byService.get(service)
    if (list === undefined || list.length === 0) return undefined
    const start = ((turn.get(service) ?? -1) + 1) % list.length
    let best: Replica | undefined
    for (let step = 0; step < list.length; step += 1) {
      const candidate = list[(start + step) % list.length]
      if (candidate === undefined || candidate.state !== 'ready' || excluded?.has(candidate) === true) continue
      if (best === undefined || candidate.inFlight < best.inFlight) best = candidate
    }
    if (best !== undefined) turn.set(service, list.indexOf(best))
    return best
  }

  return {
    announced,
    tick: () => {
      for (const replica of all()) {
        replica.silentTicks += 1
        replica.ticks += 1
        const began = replica.ticks - replica.silentTicks
        if (replica.silentTicks >= (began < YOUNG_TICKS ? YOUNG_SILENT_TICKS : SILENT_TICKS)) remove(replica)
      }
    },
    forgive: () => {
      for (const replica of all()) replica.silentTicks = 0
    },
    choose,
    refused: remove,
    of: (service) => byService.get(service) ?? [],
    readyCount: (service) => (byService.get(service) ?? []).filter((replica) => replica.state === 'ready').length,
  }
}
