import {
  type GuardsReply,
  guardsReply,
  type RebalanceOrder,
  type RebalancePlan,
  type RebalanceRequest,
  type TokenBalance,
  type TradingRule,
  tradingRulesReply,
} from '@colibri/contracts'
import { ApiError, badRequest, type Call, notFound, unavailable, unprocessable } from '@colibri/service-kit'
import type { ReadPnl } from '../pnl/pnl.http.ts'
import type { AskPrices } from '../state/market-prices.ts'
import { type BalanceFilter, type PortfolioDeps, someOrAll } from '../state/portfolio-state.ts'
import { Exact } from '../state/valuation.ts'
import { planAccount, type RebalanceTerms } from './plan-account.ts'

export interface PrepareDeps extends Pick<PortfolioDeps, 'accountNames' | 'balances' | 'bannedTokens'> {
  readonly call: Call
  readonly prices: AskPrices
  readonly pnl: ReadPnl
  now(): number
}

export interface Prepared {
  readonly plan: RebalancePlan
  /** Halts that stand over one of the accounts, and limits on how many orders there may be. */
  readonly blockedBy: readonly string[]
}

const RULES_TIMEOUT_MS = 10_000
const FEES_OF_MS = 30 * 24 * 60 * 60_000
const DEFAULT_FEE_RATE = '0.001'
const RATE_DECIMALS = 8

export const rulesOf = async (call: Call, connectorName: string): Promise<ReadonlyMap<string, TradingRule>> => {
  const { rules } = await call('market-data', 'trading-rules', { connectorName }, tradingRulesReply, RULES_TIMEOUT_MS)
  return new Map(rules.map((rule) => [rule.tradingPair, rule]))
}

export const guardsOf = async (call: Call): Promise<GuardsReply['guards']> =>
  (await call('trading', 'guards', {}, guardsReply)).guards

const over = (guards: GuardsReply['guards'], accountName: string): GuardsReply['guards'] =>
  guards.filter(({ scope }) => scope.kind === 'portfolio' || scope.accountName === accountName)

/** The smallest notional that the guards let one order of the account have. They count in dollars. */
export const largestOrder = (guards: GuardsReply['guards'], accountName: string, quoteToken: string): string | null => {
  if (!quoteToken.includes('USD')) return null
  const limits = over(guards, accountName).flatMap(({ limits: { maxOrderNotional, maxOpenNotional } }) =>
    [maxOrderNotional, maxOpenNotional].flatMap((limit) => (limit === null ? [] : [limit])),
  )
  return limits.length === 0 ? null : Exact.min(...limits).toFixed()
}

const whomOf = (scope: GuardsReply['guards'][number]['scope']): string =>
  scope.kind === 'portfolio' ? 'all accounts' : `account '${scope.accountName}'`

/** What of the guards would not let these orders pass in one go. */
const blockedBy = (
  guards: GuardsReply['guards'],
  accountNames: readonly string[],
  orders: readonly RebalanceOrder[],
): readonly string[] =>
  guards
    .filter(({ scope }) => scope.kind === 'portfolio' || accountNames.includes(scope.accountName))
    .flatMap(({ scope, halt, limits: { maxOrdersPerMinute: most } }) => {
      const count = orders.filter(
        (order) => scope.kind === 'portfolio' || order.accountName === scope.accountName,
      ).length
      return [
        ...(halt === null ? [] : [`Trading is halted for ${whomOf(scope)}: ${halt.reason}. Re-arm it to trade again`]),
        ...(most === null || count <= most
          ? []
          : [`The plan has ${count} orders, and ${whomOf(scope)} may place ${most} in a minute`]),
      ]
    })

const refused = (loc: readonly string[], input: unknown, text: string): ApiError =>
  unprocessable([{ type: 'value_error', loc: ['body', ...loc], msg: `Value error, ${text}`, input }])

const MOST_DECIMALS = 18
const TOO_MUCH = new Exact('1e24')

/** Number text without an exponent. A number that would fill pages is refused. */
const plain = (loc: readonly string[], given: string): string => {
  const value = new Exact(given)
  if (value.decimalPlaces() > MOST_DECIMALS || value.gte(TOO_MUCH))
    throw refused(loc, given, `a number here is below 1e24 and has at most ${MOST_DECIMALS} decimals`)
  return value.toFixed()
}

/** Control characters and halves of characters cannot be stored. */
const isTokenName = (token: string): boolean => token.isWellFormed() && /^[^\p{Cc}\s]{1,64}$/u.test(token)

/** What is left of 1 is the quote token's. Throws 422 when the weights are more than 1. */
const wholeWeights = (
  given: Readonly<Record<string, string>>,
  quoteToken: string,
): Readonly<Record<string, string>> => {
  const weights = Object.fromEntries(
    Object.entries(given).map(([token, weight]) => {
      if (!isTokenName(token))
        throw refused(['target_weights', token], weight, 'the name of a token is 1 to 64 characters without spaces')
      return [token, plain(['target_weights', token], weight)]
    }),
  )
  const sum = Object.values(weights).reduce((total, weight) => total.plus(weight), new Exact(0))
  if (sum.gt(1)) {
    const text = `the target weights add up to ${sum.toFixed()}; they must not be more than 1`
    throw refused(['target_weights'], given, text)
  }
  // A token may be called as something every object has.
  const own = Object.hasOwn(weights, quoteToken) ? weights[quoteToken] : undefined
  const rest = new Exact(1).minus(sum).plus(own ?? 0)
  return { ...weights, [quoteToken]: rest.toFixed() }
}

const holdingsOf = async (
  { accountNames, balances }: PrepareDeps,
  { account_names: asked, connector_name: connector }: RebalanceRequest,
) => {
  const known = await accountNames()
  for (const name of asked ?? []) if (!known.includes(name)) throw notFound(`Account '${name}' not found`)
  const filter: BalanceFilter = { accountNames: someOrAll(asked), connectorNames: [connector], refresh: true }
  const { accounts } = await balances(filter)
  for (const name of asked ?? [])
    if (!accounts.some(({ accountName }) => accountName === name))
      throw badRequest(`Account '${name}' has no credentials for connector '${connector}'`)
  if (accounts.length === 0) throw badRequest(`No account has credentials for connector '${connector}'`)
  for (const { accountName, error } of accounts)
    if (error !== null) throw unavailable(`The balances of '${accountName}' at ${connector} cannot be read: ${error}`)
  return accounts
}

/** Of one order's notional: as asked, else by the fills of the last thirty days, else a tenth of a percent. */
const feeRateOf = async (
  { pnl, now }: PrepareDeps,
  { fee_rate: asked, connector_name: connector }: RebalanceRequest,
  accountNames: readonly string[],
): Promise<Pick<RebalancePlan, 'feeRate' | 'feeRateFrom'>> => {
  if (asked !== null) return { feeRate: plain(['fee_rate'], asked), feeRateFrom: 'request' }
  const { markets } = await pnl({
    account_names: [...accountNames],
    connector_names: [connector],
    trading_pairs: null,
    since: now() - FEES_OF_MS,
    until: null,
  })
  const known = markets.filter((market) => Object.keys(market.fees_without_price).length === 0)
  const volume = known.reduce((sum, market) => sum.plus(market.volume), new Exact(0))
  if (volume.isZero()) return { feeRate: DEFAULT_FEE_RATE, feeRateFrom: 'default' }
  const fees = known.reduce((sum, market) => sum.plus(market.fees), new Exact(0))
  const rate = Exact.max(0, fees.div(volume)).toDecimalPlaces(RATE_DECIMALS, Exact.ROUND_UP)
  return { feeRate: rate.toFixed(), feeRateFrom: 'fills' }
}

const pairsOf = (
  tokens: Iterable<string>,
  quoteToken: string,
  rules: ReadonlyMap<string, TradingRule>,
): readonly string[] =>
  [...new Set(tokens)].map((token) => `${token}-${quoteToken}`).filter((tradingPair) => rules.has(tradingPair))

const numbered = (orders: readonly Omit<RebalanceOrder, 'index'>[]): RebalanceOrder[] =>
  orders.map((order, index) => ({ ...order, index }))

const isPerpetual = (connectorName: string): boolean => connectorName.includes('_perpetual')

/**
 * The plan for a request, with balances asked for now and prices of now. Throws what the client is to be told: 400 for a
 * perpetual connector or one without keys, 404, 422 for weights above 1, 503 when a venue or a service does not answer.
 */
export const prepareRebalance =
  (deps: PrepareDeps) =>
  async (request: RebalanceRequest): Promise<Prepared> => {
    const { connector_name: connectorName, quote_token: quoteToken } = request
    if (isPerpetual(connectorName))
      throw badRequest(`Rebalancing trades spot holdings; '${connectorName}' holds positions`)
    const weights = wholeWeights(request.target_weights, quoteToken)
    const excluded = new Set([...request.exclude_tokens, ...deps.bannedTokens])
    for (const token of Object.keys(request.target_weights))
      if (excluded.has(token)) throw badRequest(`Token '${token}' has a target weight and is excluded`)
    if (excluded.has(quoteToken)) throw badRequest(`The quote token '${quoteToken}' cannot be excluded`)

    if (!isTokenName(quoteToken))
      throw refused(['quote_token'], quoteToken, 'the name of a token is 1 to 64 characters without spaces')

    // Who has no keys there hears of it before the connector is asked for anything.
    const accounts = await holdingsOf(deps, request)
    const [rules, guards] = await Promise.all([rulesOf(deps.call, connectorName), guardsOf(deps.call)])
    if (![...rules.keys()].some((pair) => pair.endsWith(`-${quoteToken}`)))
      throw badRequest(`${connectorName} has no market quoted in ${quoteToken}`)
    const names = accounts.map(({ accountName }) => accountName)
    const held = accounts.flatMap(({ balances }) => balances.filter(isHeld).map(({ token }) => token))
    const [asked, fees] = await Promise.all([
      deps.prices(connectorName, pairsOf([...held, ...Object.keys(weights)], quoteToken, rules)),
      feeRateOf(deps, request, names),
    ])
    const prices = new Map([...asked].flatMap(([pair, price]) => (price === null ? [] : [[pair, price] as const])))
    const terms: Omit<RebalanceTerms, 'maxOrderNotional'> = {
      quoteToken,
      weights: new Map(Object.entries(weights)),
      excluded,
      rules,
      prices,
      feeRate: fees.feeRate,
      reserve: plain(['reserve'], request.reserve),
      minOrderNotional: plain(['min_order_notional'], request.min_order_notional ?? '0'),
    }
    const planned = accounts.map(({ accountName, balances }) =>
      planAccount(accountName, balances.filter(isHeld), {
        ...terms,
        maxOrderNotional: largestOrder(guards, accountName, quoteToken),
      }),
    )
    const orders = numbered([...planned.flatMap(({ sells }) => sells), ...planned.flatMap(({ buys }) => buys)])
    return {
      plan: {
        connectorName,
        quoteToken,
        weights: { ...weights },
        ...fees,
        reserve: terms.reserve,
        minOrderNotional: terms.minOrderNotional,
        accounts: planned.map(({ account }) => account),
        orders,
        obstacles: planned.flatMap(({ obstacles }) => obstacles),
      },
      blockedBy: blockedBy(guards, names, orders),
    }
  }

const isHeld = ({ total }: TokenBalance): boolean => !new Exact(total).isZero()

/** 409 for a plan that the guards would not let pass. */
export const refuseWhenBlocked = ({ blockedBy: [first] }: Prepared): void => {
  if (first !== undefined) throw new ApiError(409, first)
}
