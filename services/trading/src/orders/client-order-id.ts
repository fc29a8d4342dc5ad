import { createHash } from 'node:crypto'
import { type ClientOrderIdRule, clientOrderIdFrom } from '@colibri/exchange'

export interface IdSubject {
  readonly accountName: string
  readonly connectorName: string
  readonly tradingPair: string
  readonly tradeType: 'BUY' | 'SELL'
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')
const letter = (character: string | undefined): string => character?.replace(/[^A-Za-z0-9]/, 'X') ?? 'X'
const ends = (token: string): string => `${letter(token.at(0))}${letter(token.at(-1))}`

const compose = (rule: ClientOrderIdRule, subject: IdSubject, counter: string, hash: string): string => {
  if (rule.form !== 'text') return clientOrderIdFrom(rule, sha256(counter + hash))
  const [base = '', quote = ''] = subject.tradingPair.split('-')
  const fixed = `${rule.prefix}${subject.tradeType === 'BUY' ? 'B' : 'S'}${ends(base)}${ends(quote)}`
  const room = rule.maxLength - fixed.length
  return fixed + (room < counter.length ? sha256(counter + hash).slice(0, room) : (counter + hash).slice(0, room))
}

/**
 * Ids `<prefix><B|S><ends of base><ends of quote><hex microseconds><hash>`, never the same twice: the counter grows with
 * every id of this process and the hash tells processes apart.
 */
export const clientOrderIds = (
  processIdentity: string,
  now: () => number,
): ((rule: ClientOrderIdRule, subject: IdSubject) => string) => {
  const hash = sha256(processIdentity)
  let last = 0n
  return (rule, subject) => {
    const microseconds = BigInt(Math.trunc(now() * 1000))
    last = microseconds > last ? microseconds : last + 1n
    return compose(rule, subject, last.toString(16), hash)
  }
}

/** The id of the order placed under an `Idempotency-Key`: the same account, key and market give the same id for ever. */
export const keyedClientOrderId = (rule: ClientOrderIdRule, subject: IdSubject, idempotencyKey: string): string => {
  const hash = sha256(`${subject.accountName}\n${idempotencyKey}`)
  return compose(rule, subject, hash.slice(0, 14), hash.slice(14))
}
