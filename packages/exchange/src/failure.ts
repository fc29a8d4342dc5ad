import { HardTimeout, NotSent, type WireCall } from './wire.ts'

/** A failed call as far as it can be told apart: what ccxt called it, what the wire saw, and what the venue said. */
export interface Failure {
  /** Names of the error's class and its parents, most special first. */
  readonly classes: readonly string[]
  readonly reason: string
  readonly wire: WireCall
}

const classesOf = (error: unknown): string[] => {
  const names: string[] = []
  for (let at: unknown = error; at instanceof Error; at = Object.getPrototypeOf(at)) {
    const name = at.constructor.name
    if (!names.includes(name)) names.push(name)
  }
  return names
}

/** The venue's words in one short line: request URLs lose their query, which carries the signature. */
export const reasonOf = (error: unknown): string => {
  const text = error instanceof Error ? `${error.constructor.name}: ${error.message}` : String(error)
  return text
    .replace(/((?:https?|wss?):\/\/[^\s?]+)\?\S*/g, '$1')
    .replace(/\b(signature|apiKey|api_key|listenKey)["']?\s*[=:]\s*["']?[\w%/+=-]+/gi, '$1=…')
    .replace(/\s+/g, ' ')
    .slice(0, 300)
}

export const failureOf = (error: unknown, wire: WireCall): Failure => {
  const classes = classesOf(error)
  const isKnown = ['BaseError', HardTimeout.name, NotSent.name].some((name) => classes.includes(name))
  const unreadable = !isKnown && wire.sent > 0
  return { classes, reason: unreadable ? `unreadable reply: ${reasonOf(error)}` : reasonOf(error), wire }
}

const is = (failure: Failure, ...classes: readonly string[]): boolean =>
  classes.some((name) => failure.classes.includes(name))

/** The venue's own word that it has no such order. */
export const isOrderNotFound = (failure: Failure): boolean =>
  failure.wire.structured && (failure.wire.status ?? 500) < 500 && is(failure, 'OrderNotFound')

/** The venue took the request for one from another time: the clock must be measured again. */
export const isClockError = (failure: Failure): boolean =>
  is(failure, 'InvalidNonce') || /-1021|-5028|recvWindow/.test(failure.reason)

/** Codes and texts by which venues say, in a well-formed 4xx, that they do not know what became of the order. */
const saysUnknown = /execution status unknown|"code":\s*"?-100[067]\b/i
/** The id is taken: by the very order whose fate is in doubt, as likely as not. */
const saysDuplicate = /duplicat|-4116\b/i

/**
 * Whether the failure proves that the venue did not take the request. Only a structured answer proves it, or that nothing
 * was sent. Refusals for going too fast (429, 418) come before processing, whatever their body looks like.
 */
export const isDefinitiveRefusal = (failure: Failure): boolean => {
  const { wire, reason } = failure
  if (is(failure, HardTimeout.name)) return wire.sent === 0
  if (wire.sent === 0 || is(failure, NotSent.name)) return true
  if (wire.status === null || wire.status >= 500 || wire.status === 408) return false
  if (is(failure, 'DuplicateOrderId') || saysDuplicate.test(reason) || saysUnknown.test(reason)) return false
  if (wire.status === 429 || wire.status === 418) return true
  if (!wire.structured) return false
  if (is(failure, 'RateLimitExceeded', 'DDoSProtection', 'InvalidNonce')) return true
  return is(failure, 'ExchangeError') && !is(failure, 'NetworkError', 'OperationFailed')
}

/** Nobody looked at the request: the venue turned it away for going too fast, or it was held back here. It may be made again. */
export const isHeldBack = (failure: Failure): boolean =>
  failure.wire.status === 429 ||
  failure.wire.status === 418 ||
  (failure.wire.sent === 0 && is(failure, 'BudgetSpent', 'VenueUnavailable'))

/** What a refusal is called in an order's history. */
export const refusalReason = (failure: Failure): string =>
  failure.wire.sent === 0 || is(failure, NotSent.name) ? `not sent: ${failure.reason}` : failure.reason
