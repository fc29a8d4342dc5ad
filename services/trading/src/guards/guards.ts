import {
  type EquityMarks,
  type GuardEvent,
  type GuardLimits,
  type GuardScope,
  guardsStream,
  type HaltLadder,
} from '@colibri/contracts'
import { type EventLog, randomEventId } from '@colibri/event-log'
import { Exact } from '../decimal.ts'
import type { OrderIntent } from '../orders/order.ts'
import type { Cause, LiveOrder } from '../orders/order-streams.ts'
import { evolveGuards, type Guard, type Guards, guardEventOf, guardOf, guardsOver, scopeKey } from './guard.ts'

export interface GuardsDeps {
  readonly log: EventLog
  now(): number
  live(): readonly LiveOrder[]
  /** Worth of one unit of a token in another, as text; null when nobody knows in time. */
  valueIn(connectorName: string, token: string, quote: string): Promise<string | null>
  background(name: string, work: Promise<unknown>): void
}

export type Admission =
  /** `end` when the order is stored, or never will be. */
  | { readonly kind: 'admitted'; end(): void }
  | { readonly kind: 'halted'; readonly detail: string }
  | { readonly kind: 'limited'; readonly detail: string }

/** What stands between a client's order and the venue. */
export interface OrderGuards {
  /** Before the intent is stored: halts and limits. `price`: of one base unit in quote; null when it is not known. */
  admit(intent: OrderIntent, price: string | null): Promise<Admission>
  /** Before the request leaves: undefined when trading has been halted meanwhile. Call `end` when it was answered. */
  enter(accountName: string): { end(): void } | undefined
}

export interface TradingGuards extends OrderGuards {
  all(): readonly Guard[]
  of(scope: GuardScope): Guard
  setLimits(scope: GuardScope, limits: GuardLimits, cause: Required<Cause>): Promise<void>
  /** Resolves when the halt is stored; from then on no client's order is sent. A halt that goes further replaces one that does not. */
  halt(scope: GuardScope, ladder: HaltLadder, reason: string, cause: Required<Cause>): Promise<void>
  /** Resolves when no create request of the scope is under way, or after `timeoutMs`. */
  drained(scope: GuardScope, timeoutMs: number): Promise<void>
  /** The ladder's end, once: a halt that was re-armed or replaced meanwhile stays as it is. */
  halted(scope: GuardScope, id: string, left: { readonly orders: number; readonly positions: number }): Promise<void>
  rearm(scope: GuardScope, cause: Required<Cause>): Promise<void>
  /** Takes in what other processes have stored. */
  refresh(): Promise<void>
  /** New marks of a watch over losses, unless it is over. */
  mark(scope: GuardScope, watch: string, reason: MarkReason, equity: string, marks: EquityMarks): Promise<void>
  /** Stores a breach and the halt it asks for in one; false when the watch is over or a halt goes as far already. */
  breach(scope: GuardScope, breach: LossBreach, reason: string): Promise<boolean>
}

type EventData<Type extends GuardEvent['type']> = Extract<GuardEvent, { readonly type: Type }>['data']
export type MarkReason = EventData<'EquityMarked'>['reason']
export type LossBreach = Omit<EventData<'LossLimitBreached'>, 'scope'>

/** For the orders by which a halt itself makes an account flat. */
export const unguarded: OrderGuards = {
  admit: async () => ({ kind: 'admitted', end: () => undefined }),
  enter: () => ({ end: () => undefined }),
}

const MINUTE_MS = 60_000
const FORGET_EVERY = 1_000
const DOLLAR = 'USDT'
/** How far each ladder goes. */
export const steps: Readonly<Record<HaltLadder, number>> = { pause: 0, cancel: 1, flatten: 2 }

const covers = (scope: GuardScope, accountName: string): boolean =>
  scope.kind === 'portfolio' || scope.accountName === accountName

const nameOf = (scope: GuardScope): string =>
  scope.kind === 'portfolio' ? 'all accounts' : `account '${scope.accountName}'`

/** The guards as the log has them. Each has one writer: who has the account, or who keeps what concerns all of them. */
export const openGuards = async (deps: GuardsDeps): Promise<TradingGuards> => {
  const history = await deps.log.read(guardsStream)
  let guards: Guards = history.reduce(
    (state: Guards, event) => evolveGuards(state, guardEventOf(event), event.id),
    new Map(),
  )
  let version = history.length - 1
  const takeIn = async (): Promise<void> => {
    for (const event of await deps.log.read(guardsStream, version + 1)) {
      guards = evolveGuards(guards, guardEventOf(event), event.id)
      version = event.version
    }
  }
  /** Closed from the moment a halt is decided, before it is stored: when the log fails it stays closed. */
  const closing = new Set<string>()
  let writing: Promise<unknown> = Promise.resolve()
  const reserved = new Map<symbol, { readonly accountName: string; readonly worth: InstanceType<typeof Exact> }>()
  const admittedAt: { readonly time: number; readonly accountName: string }[] = []
  const underway = new Map<symbol, string>()
  const left = new Set<() => void>()

  /** Decides and appends one after the other; `undefined` decides nothing. */
  const write = (
    decide: () => GuardEvent | readonly GuardEvent[] | undefined,
    cause: Required<Cause>,
  ): Promise<void> => {
    const run = writing.then(async () => {
      const decided = [decide() ?? []].flat()
      if (decided.length === 0) return
      const metadata = { ...cause, time: deps.now() }
      const events = decided.map((event) => ({ id: randomEventId(), schemaVersion: 1, metadata, ...event }))
      const appended = await deps.log.append(guardsStream, events, 'any')
      if (appended.version !== version + events.length) return takeIn()
      guards = events.reduce((state, event) => evolveGuards(state, event, event.id), guards)
      version = appended.version
    })
    writing = run.catch(() => undefined)
    return run
  }

  const haltOver = (accountName: string): string | undefined => {
    for (const { scope, halt } of guardsOver(guards, accountName)) {
      if (halt.kind !== 'none')
        return `Trading is halted for ${nameOf(scope)}: ${halt.reason}. Re-arm it to trade again`
      if (closing.has(scopeKey(scope))) return `Trading is being halted for ${nameOf(scope)}`
    }
    return undefined
  }

  /** In USDT; undefined when nobody knows a price. */
  const worthOf = async (intent: OrderIntent, amount: string, price: string | null) => {
    const { connectorName, tradingPair } = intent
    const quote = tradingPair.slice(tradingPair.indexOf('-') + 1)
    if (price === null) return undefined
    const dollars = quote.includes('USD') ? '1' : await deps.valueIn(connectorName, quote, DOLLAR)
    return dollars === null ? undefined : new Exact(amount).times(price).times(dollars)
  }

  /**
   * Worth of what is open and on its way. A market order without a price counts with the price of the new one. What is on
   * its way is read first: an order that arrives meanwhile counts twice rather than not at all.
   */
  const openWorth = async (scope: GuardScope, price: string | null) => {
    const onTheWay = [...reserved.values()].filter(({ accountName }) => covers(scope, accountName))
    const open = deps.live().filter(({ order }) => covers(scope, order.intent.accountName))
    const worths = await Promise.all(
      open.map(({ order: { intent, filledAmount } }) =>
        worthOf(intent, new Exact(intent.amount).minus(filledAmount).toFixed(), intent.price ?? price),
      ),
    )
    return [...worths.map((worth) => worth ?? new Exact(0)), ...onTheWay.map(({ worth }) => worth)].reduce(
      (sum, worth) => sum.plus(worth),
      new Exact(0),
    )
  }

  /** Forgets what is older than a minute, many at once: an order pays nothing for those before it. */
  const remember = (accountName: string): void => {
    const time = deps.now()
    admittedAt.push({ time, accountName })
    if (admittedAt.length % FORGET_EVERY !== 0) return
    const fresh = admittedAt.findIndex((each) => each.time >= time - MINUTE_MS)
    admittedAt.splice(0, fresh)
  }

  const ordersInMinute = (scope: GuardScope): number => {
    const since = deps.now() - MINUTE_MS
    return admittedAt.filter(({ time, accountName }) => time >= since && covers(scope, accountName)).length
  }

  const limited = (
    scope: GuardScope,
    intent: OrderIntent,
    limit: EventData<'OrderLimitBreached'>['limit'],
    allowed: string,
    asked: string,
    text: string,
  ): Admission => {
    const { accountName, connectorName, tradingPair } = intent
    const id = randomEventId()
    const breach: GuardEvent = {
      type: 'OrderLimitBreached',
      data: { scope, limit, allowed, asked, accountName, connectorName, tradingPair },
    }
    deps.background(
      'recording a refused order',
      write(() => breach, { actor: 'guard', correlationId: id, causationId: id }),
    )
    return { kind: 'limited', detail: `${text} for ${nameOf(scope)}` }
  }

  /** Between what one order was checked against and its reservation no other order is admitted. */
  let admitting: Promise<unknown> = Promise.resolve()
  const oneByOne = <T>(work: () => Promise<T>): Promise<T> => {
    const run = admitting.then(work)
    admitting = run.catch(() => undefined)
    return run
  }

  const admit = async (intent: OrderIntent, price: string | null): Promise<Admission> => {
    const { accountName } = intent
    const halt = haltOver(accountName)
    if (halt !== undefined) return { kind: 'halted', detail: halt }
    const over = guardsOver(guards, accountName)
    const needsWorth = over.some(({ limits }) => limits.maxOrderNotional !== null || limits.maxOpenNotional !== null)
    const worth = needsWorth ? await worthOf(intent, intent.amount, intent.price ?? price) : new Exact(0)
    if (worth === undefined) {
      return {
        kind: 'limited',
        detail: `The order cannot be valued in ${DOLLAR} just now, and a notional limit is set: try again in a moment`,
      }
    }
    const open = await Promise.all(
      over.map(({ scope, limits }) =>
        limits.maxOpenNotional === null ? new Exact(0) : openWorth(scope, intent.price ?? price),
      ),
    )
    for (const [index, { scope, limits }] of over.entries()) {
      const { maxOrderNotional, maxOpenNotional, maxOrdersPerMinute } = limits
      if (maxOrderNotional !== null && worth.gt(maxOrderNotional)) {
        const text = `Order notional ${worth.toFixed()} ${DOLLAR} is above the limit of ${maxOrderNotional}`
        return limited(scope, intent, 'maxOrderNotional', maxOrderNotional, worth.toFixed(), text)
      }
      const sum = worth.plus(open[index] ?? 0)
      if (maxOpenNotional !== null && sum.gt(maxOpenNotional)) {
        const text = `Open notional would be ${sum.toFixed()} ${DOLLAR}, above the limit of ${maxOpenNotional}`
        return limited(scope, intent, 'maxOpenNotional', maxOpenNotional, sum.toFixed(), text)
      }
      const count = maxOrdersPerMinute === null ? 0 : ordersInMinute(scope) + 1
      if (maxOrdersPerMinute !== null && count > maxOrdersPerMinute) {
        const text = `More than ${maxOrdersPerMinute} orders in a minute`
        return limited(scope, intent, 'maxOrdersPerMinute', String(maxOrdersPerMinute), String(count), text)
      }
    }
    const late = haltOver(accountName)
    if (late !== undefined) return { kind: 'halted', detail: late }
    const reservation = Symbol(intent.clientOrderId)
    reserved.set(reservation, { accountName, worth })
    remember(accountName)
    return { kind: 'admitted', end: () => void reserved.delete(reservation) }
  }

  return {
    all: () => [...guards.values()],
    of: (scope) => guardOf(guards, scope),

    admit: (intent, price) => oneByOne(() => admit(intent, price)),

    enter(accountName) {
      if (haltOver(accountName) !== undefined) return undefined
      const request = Symbol(accountName)
      underway.set(request, accountName)
      return {
        end: () => {
          underway.delete(request)
          for (const tell of left) tell()
        },
      }
    },

    setLimits: (scope, limits, cause) => write(() => ({ type: 'GuardLimitsSet', data: { scope, limits } }), cause),

    async halt(scope, ladder, reason, cause) {
      const key = scopeKey(scope)
      closing.add(key)
      await write(() => {
        const { halt } = guardOf(guards, scope)
        const goesFurther = halt.kind === 'none' || steps[ladder] > steps[halt.ladder]
        return goesFurther ? { type: 'HaltRequested', data: { scope, ladder, reason } } : undefined
      }, cause)
      closing.delete(key)
    },

    drained: (scope, timeoutMs) =>
      new Promise((resolve) => {
        const done = () => {
          clearTimeout(timer)
          left.delete(look)
          resolve()
        }
        const look = () => {
          if (![...underway.values()].some((accountName) => covers(scope, accountName))) done()
        }
        const timer = setTimeout(done, timeoutMs)
        left.add(look)
        look()
      }),

    halted: (scope, id, { orders, positions }) =>
      write(
        () => {
          const { halt } = guardOf(guards, scope)
          if (halt.kind !== 'halting' || halt.id !== id) return undefined
          return { type: 'TradingHalted', data: { scope, ordersLeft: orders, positionsLeft: positions } }
        },
        { actor: 'guard', correlationId: id, causationId: id },
      ),

    rearm: (scope, cause) =>
      write(() => {
        const { halt } = guardOf(guards, scope)
        closing.delete(scopeKey(scope))
        return halt.kind === 'none' ? undefined : { type: 'TradingRearmed', data: { scope } }
      }, cause),

    refresh: () => {
      const run = writing.then(takeIn)
      writing = run.catch(() => undefined)
      return run
    },

    mark: (scope, watch, reason, equity, marks) =>
      write(
        () =>
          guardOf(guards, scope).watch?.id === watch
            ? { type: 'EquityMarked', data: { scope, watch, reason, equity, marks } }
            : undefined,
        { actor: 'guard', correlationId: watch, causationId: watch },
      ),

    async breach(scope, breach, reason) {
      const key = scopeKey(scope)
      const { watch } = breach
      let stored = false
      closing.add(key)
      await write(
        () => {
          const { halt, limits, watch: current } = guardOf(guards, scope)
          const ladder = limits.lossLadder
          if (current?.id !== watch || (halt.kind !== 'none' && steps[halt.ladder] >= steps[ladder])) return undefined
          stored = true
          return [
            { type: 'LossLimitBreached', data: { scope, ...breach } },
            { type: 'HaltRequested', data: { scope, ladder, reason } },
          ]
        },
        { actor: 'guard', correlationId: watch, causationId: watch },
      )
      closing.delete(key)
      return stored
    },
  }
}
