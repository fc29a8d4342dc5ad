import {
  type Asked,
  askedIn,
  endedIn,
  type Frame,
  placeOf,
  resumedFrom,
  resumes,
  type Said,
  saidIn,
} from './live-frame.ts'

/** What one client has asked for and been told: all that another replica must know to go on where one has died. */
export interface SubscriptionMemory {
  /** A request of the client, whether or not there is a replica to hear it. */
  asked(frame: Frame): void
  /** Whether the client gets what a replica says. */
  heard(frame: Frame): 'pass' | 'swallow'
  /** A new replica knows nothing: what to say to it, in this order. */
  moved(): readonly Frame[]
  /** Requests of the client that have no answer. */
  unanswered(): { readonly count: number; readonly bytes: number }
  /** Gives up the oldest unanswered request: after the death of a replica it would not be asked again. */
  forgetOldest(): void
}

interface Subscription {
  readonly request: Frame
  readonly feed: string
  last: number | undefined
  /** What another replica may send again: set until the first message of a new replica gets past it. */
  floor: number | undefined
}

type Pending =
  | { readonly from: 'client'; readonly asked: Asked; readonly frame: Frame }
  | { readonly from: 'edge'; readonly asked: Asked }

/**
 * Error messages do not say which request they answer, so they are only counted: when all that is unanswered has failed,
 * it is answered. Those the client has been told of already are not told again by another replica.
 */
export const createSubscriptionMemory = (): SubscriptionMemory => {
  const subscriptions = new Map<string, Subscription>()
  let pending: Pending[] = []
  let bytes = 0
  let errors = 0
  let alreadyTold = 0
  let greeted = false

  const sizeOf = (one: Pending): number => (one.from === 'client' ? one.frame.data.length : 0)

  const settle = (): void => {
    if (errors < pending.length) return
    for (const one of pending) {
      if (one.from === 'edge' && one.asked.kind === 'subscribe') subscriptions.delete(one.asked.key)
    }
    pending = []
    bytes = 0
    errors = 0
    alreadyTold = 0
  }

  /** Takes out the oldest request that this answers. */
  const answered = (kind: Asked['kind'], key?: string): Pending | undefined => {
    const at = pending.findIndex(({ asked }) => asked.kind === kind && (!('key' in asked) || asked.key === key))
    const [found] = at < 0 ? [] : pending.splice(at, 1)
    if (found === undefined) return undefined
    bytes -= sizeOf(found)
    settle()
    return found
  }

  const subscribed = (key: string): 'pass' | 'swallow' => {
    const answer = answered('subscribe', key)
    if (answer === undefined) return 'pass'
    if (answer.from === 'edge') return 'swallow'
    const feed = answer.asked.kind === 'subscribe' ? answer.asked.feed : ''
    subscriptions.delete(key)
    subscriptions.set(key, { request: answer.frame, feed, last: undefined, floor: undefined })
    return 'pass'
  }

  const failed = (frame: Frame): 'pass' | 'swallow' => {
    const ended = endedIn(frame)
    if (ended !== undefined) {
      subscriptions.delete(ended)
      return 'pass'
    }
    if (pending.length === 0) return 'pass'
    errors++
    const verdict = errors <= alreadyTold ? 'swallow' : 'pass'
    settle()
    return verdict
  }

  const data = (frame: Frame, { key, type }: Extract<Said, { kind: 'data' }>): 'pass' | 'swallow' => {
    const subscription = subscriptions.get(key)
    const place = subscription === undefined ? undefined : placeOf(frame)
    if (subscription === undefined || place === undefined) return 'pass'
    const { floor } = subscription
    if (floor !== undefined && !place.gap) {
      // The live candle is told again in every interval, changed or not.
      const known = type.startsWith('candle') ? place.sequence < floor : place.sequence <= floor
      if (known) return 'swallow'
    }
    // Zero is said by a replica that has never heard of this feed: what it tells is the gap alone.
    if (place.sequence > 0) {
      subscription.floor = undefined
      subscription.last = place.sequence
    }
    return 'pass'
  }

  const restore = ({ request, feed, last }: Subscription): Frame => {
    if (last !== undefined) return resumedFrom(request, last)
    // Of trades before the first message nothing is known but that some may be missing, and that is what zero gets told.
    return feed === 'trades' && !resumes(request) ? resumedFrom(request, 0) : request
  }

  return {
    asked: (frame) => {
      pending.push({ from: 'client', asked: askedIn(frame), frame })
      bytes += frame.data.length
    },
    heard: (frame) => {
      const said = saidIn(frame)
      switch (said.kind) {
        case 'data':
          return data(frame, said)
        case 'subscribed':
          return subscribed(said.key)
        case 'unsubscribed':
          answered('unsubscribe', said.key)
          subscriptions.delete(said.key)
          return 'pass'
        case 'pong':
          answered('ping')
          return 'pass'
        case 'error':
          return failed(frame)
        case 'connected': {
          const first = !greeted
          greeted = true
          return first ? 'pass' : 'swallow'
        }
        case 'other':
          return 'pass'
      }
    },
    moved: () => {
      alreadyTold = Math.max(alreadyTold, errors)
      errors = 0
      const asked = pending.filter((one) => one.from === 'client')
      const restored = [...subscriptions].map(([key, subscription]) => {
        subscription.floor = subscription.last
        const pending: Pending = { from: 'edge', asked: { kind: 'subscribe', key, feed: subscription.feed } }
        return { pending, frame: restore(subscription) }
      })
      pending = [...restored.map(({ pending }) => pending), ...asked]
      return [...restored.map(({ frame }) => frame), ...asked.map(({ frame }) => frame)]
    },
    unanswered: () => ({ count: pending.length, bytes }),
    forgetOldest: () => {
      const at = pending.findIndex(({ from }) => from === 'client')
      const [oldest] = at < 0 ? [] : pending.splice(at, 1)
      if (oldest === undefined) return
      bytes -= sizeOf(oldest)
      errors = Math.max(0, errors - 1)
      alreadyTold = Math.max(0, alreadyTold - 1)
    },
  }
}
