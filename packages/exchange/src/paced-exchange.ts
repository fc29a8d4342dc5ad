import { AsyncLocalStorage } from 'node:async_hooks'
import type { CcxtExchange } from './ccxt-exchange.ts'
import type { RateBudget, RateBudgets, Turn } from './rate-budget/rate-budgets.ts'
import type { Priority, RateLimit } from './rate-budget/rate-limit.ts'
import { refusalOf } from './rate-budget/retry-after.ts'
import { pausedError } from './rate-budget/venue-gate.ts'
import type { VenueStanding } from './rate-budget/venue-standing.ts'
import type { VenuePause } from './venue.ts'
import { currentWireCall } from './wire.ts'

export interface Pace {
  readonly budgets: RateBudgets
  /** Null: requests are not counted, only pauses are kept. */
  readonly limit: RateLimit | null
  /** Of requests outside a call that says its own, such as those that streams make. */
  readonly priority: Priority
  /** A request that would wait longer than this for its turn is not sent. */
  readonly patienceMs: number
}

const firstUrl = (tree: unknown): string | undefined => {
  if (typeof tree === 'string') return tree
  if (typeof tree !== 'object' || tree === null) return undefined
  for (const value of Object.values(tree)) {
    const url = firstUrl(value)
    if (url?.startsWith('http')) return url
  }
  return undefined
}

const branch = (tree: unknown, key: unknown): unknown =>
  typeof tree === 'object' && tree !== null && typeof key === 'string'
    ? Object.entries(tree).find(([name]) => name === key)?.[1]
    : undefined

const hostOf = (url: string): string | undefined => (URL.canParse(url) ? new URL(url).host : undefined)

/** The host of a ccxt API section, `public` or `['spot', 'private']`; where it has none of its own, the exchange's first. */
const hostOfSection = (exchange: CcxtExchange, section: unknown): string => {
  const path: readonly unknown[] = Array.isArray(section) ? section : [section]
  const at = path.reduce<unknown>((tree, key) => branch(tree, key) ?? tree, exchange.urls.api)
  const url = firstUrl(at) ?? firstUrl(exchange.urls.api) ?? ''
  return hostOf(url.replace('{hostname}', exchange.hostname ?? '')) ?? exchange.id
}

/** A request from the question for its turn to its answer. */
interface Request {
  /** ccxt's name for the part of the API it goes to. */
  readonly section: unknown
  turn: Turn | undefined
}

/** An exchange that knows what its venue has asked for. */
export interface Paced {
  /** The latest pause in force at any host it has asked. */
  venuePause(): VenuePause | null
}

const asPause = (standing: VenueStanding | null): VenuePause[] =>
  standing === null || standing.kind === 'open' ? [] : [{ kind: standing.kind, until: standing.until }]

/** Puts every request of an exchange under the budget of the host it goes to, and tells that budget what came of it. */
export const pace = (exchange: CcxtExchange, { budgets, limit, priority, patienceMs }: Pace): Paced => {
  const asked = new Map<string, RateBudget>()
  const hosts = new Map<string, string>()
  const budgetOf = (host: string): RateBudget => {
    const budget = asked.get(host) ?? budgets.of(host, limit)
    asked.set(host, budget)
    return budget
  }
  const hostFor = (of: unknown): string => {
    const host = hosts.get(String(of)) ?? hostOfSection(exchange, of)
    hosts.set(String(of), host)
    return host
  }

  const requests = new AsyncLocalStorage<Request>()
  const fetch2 = exchange.fetch2.bind(exchange)
  exchange.fetch2 = (path, section, ...rest) => {
    const request: Request = { section, turn: undefined }
    return requests.run(request, () => fetch2(path, section, ...rest).finally(() => request.turn?.over()))
  }
  exchange.throttle = async (cost) => {
    const request = requests.getStore()
    const budget = budgetOf(hostFor(request?.section))
    // An exchange set up for exact numbers gives some costs as text.
    const turn = await budget.take(Number(cost ?? 1), currentWireCall()?.priority ?? priority, patienceMs)
    if (request !== undefined) request.turn = turn
  }

  const notice = (url: string, reply: { status: number; headers: unknown; body: string }, error: unknown): void => {
    const budget = budgetOf(hostOf(url) ?? exchange.id)
    const refusal = refusalOf(reply, error, budget.now())
    // The budget keeps what it could not tell the others; neither of these rejects for that.
    if (refusal === undefined) {
      if (reply.status < 500) budget.answered().catch(() => undefined)
      return
    }
    budget.refused(refusal).catch(() => undefined)
    const wire = currentWireCall()
    if (wire !== undefined) wire.pausedUntil = budget.pause()?.until ?? null
  }
  const handleErrors = exchange.handleErrors.bind(exchange)
  exchange.handleErrors = (status, reason, url, method, headers, body, ...rest) => {
    const reply = { status, headers, body }
    let handled: unknown
    try {
      handled = handleErrors(status, reason, url, method, headers, body, ...rest)
    } catch (error) {
      notice(url, reply, error)
      throw error
    }
    notice(url, reply, undefined)
    return handled
  }

  const paused = (): VenuePause | null =>
    [...asked.values()]
      .flatMap((budget) => asPause(budget.pause()))
      .sort((left, right) => right.until - left.until)
      .at(0) ?? null

  // A venue that wants to hear nothing is not to be knocked at by streams either; those that stand go on.
  const client = exchange.client.bind(exchange)
  exchange.client = (url) => {
    const pause = exchange.clients?.[url]?.isConnected === true ? null : paused()
    if (pause !== null) throw pausedError(hostOf(url) ?? exchange.id, pause)
    return client(url)
  }

  return { venuePause: paused }
}
