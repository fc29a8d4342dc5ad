import { Exact } from '../decimal.ts'
import type { OrderFill, OrderIntent } from '../orders/order.ts'
import { isPerpetual } from '../positions/positions.ts'
import type { Holding } from './read-holdings.ts'
import { createTransfers, type Moved } from './transfers.ts'

interface Place {
  readonly accountName: string
  readonly connectorName: string
}

/** Money that came to accounts or left them, told from what they won or lost. */
export interface Movements {
  /** By place, what no fill explains. Of an account that is not seen whole nothing is said, and nothing forgotten. */
  look(holdings: readonly Holding[]): ReadonlyMap<string, Moved>
  filled(intent: OrderIntent, fill: OrderFill): void
  forget(place: Place): void
}

export const placeOf = ({ accountName, connectorName }: Place): string => `${accountName}\n${connectorName}`

const isSeen = (holding: Holding) => holding.kind === 'seen'

const accountsOf = (holdings: readonly Holding[]): ReadonlySet<string> =>
  new Set(holdings.map(({ accountName }) => accountName))

/** A balance of perpetuals moves with every position: only an account without one tells its transfers. */
export const followMovements = (settledLooks: number): Movements => {
  const transfers = createTransfers(settledLooks)
  /** Accounts with positions in the look before, and with fills of perpetuals since then. */
  let open: ReadonlySet<string> = new Set()
  let stirred: ReadonlySet<string> = new Set()

  return {
    look(holdings) {
      const unseen = accountsOf(holdings.filter((holding) => !isSeen(holding)))
      const nowOpen = accountsOf(holdings.filter((holding) => isSeen(holding) && holding.positions > 0))
      const tellable = (accountName: string) =>
        [nowOpen, open, stirred].some((accounts) => accounts.has(accountName)) ? 'not-tellable' : 'tellable'
      const whole = holdings.filter(isSeen).filter(({ accountName }) => !unseen.has(accountName))
      const moved = new Map(
        whole.map((holding) => {
          const worth = (token: string, amount: Exact): Exact | undefined => {
            const price = holding.prices.get(token) ?? null
            if (amount.isZero()) return new Exact(0)
            return price === null ? undefined : amount.times(price)
          }
          return [placeOf(holding), transfers.look(holding, tellable(holding.accountName), worth)] as const
        }),
      )
      const looked = accountsOf(whole)
      open = new Set([...nowOpen, ...[...open].filter((accountName) => !looked.has(accountName))])
      stirred = new Set([...stirred].filter((accountName) => !looked.has(accountName)))
      return moved
    },

    filled({ accountName, connectorName, tradingPair, tradeType }, { price, amount, feeAmount, feeCurrency }) {
      if (isPerpetual(connectorName)) {
        stirred = new Set([...stirred, accountName])
        return
      }
      const [base = '', quote = ''] = tradingPair.split('-')
      const signed = tradeType === 'BUY' ? new Exact(amount) : new Exact(amount).negated()
      transfers.traded(accountName, connectorName, base, signed)
      transfers.traded(accountName, connectorName, quote, signed.times(price).negated())
      if (feeCurrency !== '') transfers.traded(accountName, connectorName, feeCurrency, new Exact(feeAmount).negated())
    },

    forget: ({ accountName, connectorName }) => transfers.forget(accountName, connectorName),
  }
}
