import { Exact } from '../decimal.ts'

type Number = InstanceType<typeof Exact>

export type PositionSide = 'LONG' | 'SHORT' | 'BOTH'

/** What moved a token since the numbers it is counted from. */
export interface Flow {
  readonly token: string
  /** Signed. */
  readonly amount: string
  /** What was moved in all, unsigned. */
  readonly turnover: string
  /** By how many fills and payments. */
  readonly count: number
}

/** What a token's number is counted from. */
export interface Counted {
  readonly token: string
  /** The total; of perpetuals without what open positions cost to enter, which is what fills, fees and funding alone move. */
  readonly cash: string
  /** How far the venue's price of open positions may move the number. */
  readonly slack: string
}

export interface SizedPosition {
  readonly tradingPair: string
  readonly side: PositionSide
  /** Base units; negative when short. */
  readonly amount: string
}

/** A position as the venue values it. */
export interface ValuedPosition extends SizedPosition {
  readonly entryPrice: string | null
  readonly unrealizedPnl: string | null
}

export interface Total {
  readonly token: string
  readonly total: string
}

/** Log and venue do not say the same. */
export interface Difference {
  readonly kind: 'balance' | 'position'
  /** The token, or the side of the position. */
  readonly subject: string
  readonly tradingPair: string | null
  readonly ours: string
  readonly venue: string
  /** Venue less log. */
  readonly difference: string
  /** Differences no further apart than this are the same one. */
  readonly tolerance: string
}

const zero = new Exact(0)
const sum = (numbers: readonly Number[]): Number => numbers.reduce((all, one) => all.plus(one), zero)

const quoteOf = (tradingPair: string): string => tradingPair.slice(tradingPair.indexOf('-') + 1)

/** Venues round each fill to eight decimals at the coarsest that is usual. */
const ROUNDED = '0.00000001'
/** And some round what is paid: a millionth of what was traded. */
const OF_TURNOVER = '0.000001'
/** Between the answer on balances and the one on positions, prices may move this far. */
const PRICE_MOVE = '0.01'

/**
 * The venue's totals as numbers that only fills, fees, funding and transfers move: an open position's cost to enter is
 * added back. Whether a venue's total has the unrealised profit in it differs, so it counts as slack.
 * `unvalued`: quote tokens of positions whose entry price the venue does not tell.
 */
export const countedOf = (
  totals: readonly Total[],
  positions: readonly ValuedPosition[],
): { readonly tokens: readonly Counted[]; readonly unvalued: ReadonlySet<string> } => {
  const unvalued = new Set(
    positions.flatMap(({ entryPrice, tradingPair }) => (entryPrice === null ? [quoteOf(tradingPair)] : [])),
  )
  const totalOf = new Map(totals.map(({ token, total }) => [token, total]))
  const tokens = new Set([...totalOf.keys(), ...positions.map(({ tradingPair }) => quoteOf(tradingPair))])
  return {
    unvalued,
    tokens: [...tokens].map((token) => {
      const held = positions.filter(({ tradingPair }) => quoteOf(tradingPair) === token)
      const costs = held.map(({ amount, entryPrice }) => new Exact(amount).times(entryPrice ?? 0))
      const pnl = held.map(({ unrealizedPnl }) => new Exact(unrealizedPnl ?? 0).abs())
      return {
        token,
        cash: new Exact(totalOf.get(token) ?? 0).minus(sum(costs)).toFixed(),
        slack: sum(pnl)
          .plus(sum(costs.map((cost) => cost.abs())).times(PRICE_MOVE))
          .toFixed(),
      }
    }),
  }
}

/** What is expected: counted from `basis`, with every flow since, and the drifts that were accepted since. */
export interface ExpectedBalances {
  readonly basis: readonly Counted[]
  readonly flows: readonly Flow[]
  readonly accepted: readonly { readonly token: string; readonly difference: string }[]
}

/** Every token whose number differs by more than rounding and prices explain. */
export const compareBalances = (
  { basis, flows, accepted }: ExpectedBalances,
  totals: readonly Total[],
  positions: readonly ValuedPosition[],
): readonly Difference[] => {
  const { tokens: seen, unvalued } = countedOf(totals, positions)
  const names = new Set([...basis, ...flows, ...accepted, ...seen].map(({ token }) => token))
  return [...names].flatMap((token) => {
    if (unvalued.has(token)) return []
    const from = basis.find((one) => one.token === token)
    const at = seen.find((one) => one.token === token)
    const moved = flows.filter((flow) => flow.token === token)
    const taken = accepted.filter((drift) => drift.token === token)
    const expected = sum([
      new Exact(from?.cash ?? 0),
      ...moved.map(({ amount }) => new Exact(amount)),
      ...taken.map(({ difference }) => new Exact(difference)),
    ])
    const tolerance = sum([
      new Exact(ROUNDED).times(1 + moved.reduce((count, flow) => count + flow.count, 0)),
      sum(moved.map(({ turnover }) => new Exact(turnover))).times(OF_TURNOVER),
      new Exact(from?.slack ?? 0),
      new Exact(at?.slack ?? 0),
    ])
    const difference = new Exact(at?.cash ?? 0).minus(expected)
    if (difference.abs().lte(tolerance)) return []
    const venue = new Exact(totals.find((one) => one.token === token)?.total ?? 0)
    return [
      {
        kind: 'balance',
        subject: token,
        tradingPair: null,
        ours: venue.minus(difference).toFixed(),
        venue: venue.toFixed(),
        difference: difference.toFixed(),
        tolerance: tolerance.toFixed(),
      },
    ]
  })
}

const keyOf = ({ tradingPair, side }: SizedPosition): string => `${tradingPair} ${side}`

/** The log knows sides of a pair where venues tell them with each fill. Where it does not, only the net can be compared. */
const comparable = (ours: readonly SizedPosition[], venue: readonly SizedPosition[]): readonly SizedPosition[] =>
  [...Map.groupBy(venue, ({ tradingPair }) => tradingPair)].flatMap(([tradingPair, held]) => {
    const known = ours.filter((one) => one.tradingPair === tradingPair && !new Exact(one.amount).isZero())
    const sided = held.some(({ side }) => side !== 'BOTH')
    if (!sided || known.length === 0 || known.some(({ side }) => side !== 'BOTH')) return held
    return [{ tradingPair, side: 'BOTH' as const, amount: sum(held.map(({ amount }) => new Exact(amount))).toFixed() }]
  })

/** Every position whose size is not exactly the sum of its fills. Empty ones may be left out on either side. */
export const comparePositions = (
  ours: readonly SizedPosition[],
  venue: readonly SizedPosition[],
): readonly Difference[] => {
  const theirs = comparable(ours, venue)
  const all = new Map([...ours, ...theirs].map((position) => [keyOf(position), position]))
  const sizeIn = (positions: readonly SizedPosition[], key: string): Number =>
    sum(positions.filter((position) => keyOf(position) === key).map(({ amount }) => new Exact(amount)))
  return [...all].flatMap(([key, { tradingPair, side }]) => {
    const [here, there] = [sizeIn(ours, key), sizeIn(theirs, key)]
    if (here.eq(there)) return []
    return [
      {
        kind: 'position',
        subject: side,
        tradingPair,
        ours: here.toFixed(),
        venue: there.toFixed(),
        difference: there.minus(here).toFixed(),
        tolerance: '0',
      },
    ]
  })
}

/** What one fill or payment moved, by token. */
export type Effect = ReadonlyMap<string, string>

/** With more of them than this, the rest is taken as counted rightly. */
const DOUBTFUL_TRIED = 10

/**
 * Whether all balance differences vanish when some of the doubtful effects were in the basis already: then it is the
 * moment of the basis that is not known well enough, and no drift.
 */
export const explainedBy = (differences: readonly Difference[], doubtful: readonly Effect[]): boolean => {
  const tried = doubtful.slice(0, DOUBTFUL_TRIED)
  for (let chosen = 1; chosen < 2 ** tried.length; chosen += 1) {
    const counted = tried.filter((_, index) => (chosen >> index) % 2 === 1)
    const explains = differences.every(({ subject, difference, tolerance }) => {
      const moved = sum(counted.map((effect) => new Exact(effect.get(subject) ?? 0)))
      return moved.plus(difference).abs().lte(tolerance)
    })
    if (explains) return true
  }
  return false
}
