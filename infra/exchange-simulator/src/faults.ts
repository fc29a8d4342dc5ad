import { sequence } from './random.ts'
import type { Operation } from './rest/route.ts'

export const faultKinds = [
  'accept-then-timeout',
  '500-after-accept',
  '500',
  'delay',
  'reject',
  'drop-connection',
  '429',
  '418',
  'garbage',
  'duplicate-fill',
  'reorder-fills',
  'late-fill',
  'lost-fill',
  'late-lost-fill',
  'drop-websocket',
] as const
export type FaultKind = (typeof faultKinds)[number]

export interface FaultRule {
  /** A request's operation, or `fill` for what the user-data stream tells of fills. */
  readonly on: Operation | 'fill' | 'any'
  readonly kind: FaultKind
  /** How often it happens; `null` is for ever. */
  readonly times: number | null
  /** The chance of it each time, drawn from a sequence of the seed. */
  readonly probability: number
  readonly delayMs: number
  readonly symbol: string | null
  readonly market: 'spot' | 'futures' | null
  readonly account: string | null
  readonly code: number
  readonly message: string
  /** The header of a 429 or 418, in seconds or as an HTTP date; null sends none. */
  readonly retryAfter: string | null
}

export interface ArmedFault extends FaultRule {
  readonly id: number
  left: number | null
  hits: number
}

export interface Occasion {
  readonly on: Operation | 'fill'
  readonly market: 'spot' | 'futures'
  readonly symbol: string | undefined
  readonly account: string | undefined
}

const streamKinds: readonly FaultKind[] = [
  'duplicate-fill',
  'reorder-fills',
  'late-fill',
  'lost-fill',
  'late-lost-fill',
]

/** The faults to inject. The first armed rule that fits an occasion happens; with one seed, always on the same ones. */
export class Faults {
  readonly #rules: ArmedFault[] = []
  readonly #random: () => number
  #lastId = 0

  constructor(seed: number) {
    this.#random = sequence(seed)
  }

  arm(rule: FaultRule): ArmedFault {
    const armed: ArmedFault = { ...rule, id: ++this.#lastId, left: rule.times, hits: 0 }
    this.#rules.push(armed)
    return armed
  }

  list(): readonly ArmedFault[] {
    return this.#rules
  }

  clear(id?: number): void {
    if (id === undefined) this.#rules.length = 0
    else {
      const at = this.#rules.findIndex((rule) => rule.id === id)
      if (at >= 0) this.#rules.splice(at, 1)
    }
  }

  /** The fault that happens now, if any; counts it. */
  next(occasion: Occasion): ArmedFault | undefined {
    for (const rule of this.#rules) {
      if (rule.left === 0 || !fits(rule, occasion)) continue
      if (rule.probability < 1 && this.#random() >= rule.probability) continue
      if (rule.left !== null) rule.left--
      rule.hits++
      return rule
    }
    return undefined
  }
}

const fits = (rule: FaultRule, occasion: Occasion): boolean => {
  const onFill = occasion.on === 'fill'
  if (onFill !== (rule.on === 'fill' || (rule.on === 'any' && streamKinds.includes(rule.kind)))) return false
  if (rule.on !== 'any' && rule.on !== occasion.on) return false
  return (
    (rule.symbol === null || rule.symbol === occasion.symbol) &&
    (rule.market === null || rule.market === occasion.market) &&
    (rule.account === null || rule.account === occasion.account)
  )
}
