import { Exact } from '../decimal.ts'

/** What a connector's balances said in one look. */
export interface Totals {
  readonly accountName: string
  readonly connectorName: string
  readonly tokens: ReadonlyMap<string, Exact>
}

/** Money that came (positive) or went without a trade, in USDT. */
export interface Moved {
  /** Told: the same in several looks. */
  readonly transferred: Exact
  /** Not told yet, a fill may still explain it: it counts as nothing until then. */
  readonly held: Exact
}

export interface Transfers {
  /** A fill changed a balance: no transfer. */
  traded(accountName: string, connectorName: string, token: string, amount: Exact): void
  /**
   * What the balances changed by that no fill explains. `tellable`: whether only fills and transfers can have changed them;
   * where it is not, every change counts as profit or loss. `worth`: in USDT, undefined without a price.
   */
  look(
    totals: Totals,
    tellable: 'tellable' | 'not-tellable',
    worth: (token: string, amount: Exact) => Exact | undefined,
  ): Moved
  forget(accountName: string, connectorName: string): void
}

interface Entry {
  expected: Exact
  pending: { readonly gap: Exact; readonly looks: number } | undefined
}

/** Rounding of venues; too little to be worth an event. */
const DUST = '0.1'

/**
 * Tells deposits and withdrawals from profit and loss by the balances alone. A trade that was not recorded looks like two
 * transfers that cancel out, so that nothing is lost by it but its fee.
 */
export const createTransfers = (settledLooks: number): Transfers => {
  const holdings = new Map<string, Map<string, Entry>>()
  const keyOf = (accountName: string, connectorName: string): string => `${accountName}\n${connectorName}`

  return {
    traded(accountName, connectorName, token, amount) {
      const entries = holdings.get(keyOf(accountName, connectorName))
      if (entries === undefined) return
      const entry = entries.get(token) ?? { expected: new Exact(0), pending: undefined }
      entry.expected = entry.expected.plus(amount)
      entries.set(token, entry)
    },

    look({ accountName, connectorName, tokens }, tellable, worth) {
      const key = keyOf(accountName, connectorName)
      const nothing: Moved = { transferred: new Exact(0), held: new Exact(0) }
      const entries = holdings.get(key)
      if (entries === undefined) {
        holdings.set(key, new Map([...tokens].map(([token, expected]) => [token, { expected, pending: undefined }])))
        return nothing
      }
      let { transferred, held } = nothing
      for (const token of new Set([...entries.keys(), ...tokens.keys()])) {
        const total = tokens.get(token) ?? new Exact(0)
        const entry = entries.get(token) ?? { expected: new Exact(0), pending: undefined }
        entries.set(token, entry)
        const gap = total.minus(entry.expected)
        const value = worth(token, gap)
        if (tellable === 'not-tellable' || value === undefined || value.abs().lt(DUST)) {
          entry.expected = total
          entry.pending = undefined
          continue
        }
        const looks = entry.pending?.gap.eq(gap) === true ? entry.pending.looks + 1 : 1
        if (looks < settledLooks) {
          entry.pending = { gap, looks }
          held = held.plus(value)
        } else {
          entry.expected = total
          entry.pending = undefined
          transferred = transferred.plus(value)
        }
      }
      return { transferred, held }
    },

    forget: (accountName, connectorName) => void holdings.delete(keyOf(accountName, connectorName)),
  }
}
