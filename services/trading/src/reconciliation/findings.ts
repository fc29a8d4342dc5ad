import { Exact } from '../decimal.ts'
import type { Finding, Told } from './drift-watch.ts'

/** Findings about one order that no stream has confirmed. */
export type Unconfirmed =
  | { readonly kind: 'order'; readonly finding: Extract<Finding, { kind: 'order' }> }
  | {
      readonly kind: 'fill'
      readonly orderId: string
      readonly tradingPair: string
      /** Filled before the first and after the last of them. */
      readonly ours: string
      readonly venue: string
      readonly difference: string
    }

/** What comparing found and the stream may say in a moment: what was only faster than the stream is no drift. */
export interface Findings {
  found(finding: Finding): void
  told(told: Told): void
  /** Takes out what the stream has kept silent about for `waitMs`. */
  overdue(): readonly Unconfirmed[]
  /** Epoch milliseconds of the next one that may be overdue. */
  nextAt(): number | undefined
}

/** What a stream has told is remembered so long: it may be faster than the comparison that finds the same. */
const REMEMBERED_MS = 60_000

const keyOf = (one: Told): string =>
  one.kind === 'order' ? `order ${one.orderId}` : `fill ${one.orderId} ${one.tradeId}`

export const createFindings = (waitMs: number, now: () => number): Findings => {
  const open = new Map<string, { readonly finding: Finding; readonly since: number }>()
  const heard = new Map<string, number>()

  const forget = (): void => {
    for (const [key, time] of heard) {
      if (now() - time < REMEMBERED_MS) return
      heard.delete(key)
    }
  }

  return {
    found(finding) {
      const key = keyOf(finding)
      forget()
      if (!heard.has(key) && !open.has(key)) open.set(key, { finding, since: now() })
    },

    told(told) {
      const key = keyOf(told)
      open.delete(key)
      heard.delete(key)
      heard.set(key, now())
      forget()
    },

    overdue() {
      const late = [...open].filter(([, { since }]) => now() - since >= waitMs)
      for (const [key] of late) open.delete(key)
      const findings = late.map(([, { finding }]) => finding)
      const orders = findings.filter((finding) => finding.kind === 'order')
      const fills = findings.filter((finding) => finding.kind === 'fill')
      return [
        ...[...Map.groupBy(fills, ({ orderId }) => orderId)].flatMap(([orderId, ofOrder]): Unconfirmed[] => {
          const [first, last] = [ofOrder[0], ofOrder.at(-1)]
          if (first === undefined || last === undefined) return []
          const { tradingPair, ours } = first
          const difference = new Exact(last.venue).minus(ours).toFixed()
          return [{ kind: 'fill', orderId, tradingPair, ours, venue: last.venue, difference }]
        }),
        ...orders.map((finding): Unconfirmed => ({ kind: 'order', finding })),
      ]
    },

    nextAt() {
      const [first] = open.values()
      return first === undefined ? undefined : first.since + waitMs
    },
  }
}
