import { z } from 'zod'
import type { Connector } from './catalogue.ts'
import type { CcxtExchange } from './ccxt-exchange.ts'
import { positionMode, positionReply } from './ccxt-replies.ts'
import type { CcxtSession, Session } from './ccxt-session.ts'
import { exact } from './decimals.ts'
import type { PositionMode } from './order-request.ts'
import { readFundingPayments } from './read-funding.ts'
import { type FundingPayment, type VenuePosition, type VenuePositionMode, VenueRefused } from './venue.ts'

const list = z.array(z.unknown())

const modeNames = { hedge: 'HEDGE', 'one-way': 'ONEWAY' } as const satisfies Record<PositionMode, VenuePositionMode>

/** Binance and its kin say BOTH where one position holds both directions. */
const rawSide = (info: unknown): string | undefined =>
  z.object({ positionSide: z.string() }).safeParse(info).data?.positionSide.toUpperCase()

/** Undefined for what holds nothing or is of another market. Contracts are turned into base units; shorts are negative. */
const positionOf = (reply: unknown, { markets }: Session, mode: PositionMode): VenuePosition | undefined => {
  const position = positionReply.parse(reply)
  const tradingPair = markets.tradingPair(position.symbol)
  if (tradingPair === null || !markets.has(tradingPair) || position.contracts === null) return undefined
  const size = exact(position.contracts)
    .abs()
    .times(position.contractSize ?? markets.market(tradingPair).contractSize ?? '1')
  if (size.isZero()) return undefined
  const short = position.side === 'short'
  const oneSided = mode === 'hedge' && rawSide(position.info) !== 'BOTH'
  return {
    tradingPair,
    side: oneSided ? (short ? 'SHORT' : 'LONG') : 'BOTH',
    amount: (short ? size.negated() : size).toFixed(),
    entryPrice: position.entryPrice,
    unrealizedPnl: position.unrealizedPnl,
    leverage: position.leverage,
  }
}

export interface PerpetualAccount {
  /** Which way orders are to say what they open or close. Asked once, and again after it was set. */
  mode(): Promise<PositionMode>
  positions(): Promise<readonly VenuePosition[]>
  positionMode(): Promise<VenuePositionMode>
  setPositionMode(mode: 'HEDGE' | 'ONEWAY'): Promise<void>
  setLeverage(tradingPair: string, leverage: number): Promise<void>
  fundingPayments(since: number): Promise<readonly FundingPayment[]>
}

/** What an account of perpetuals has beyond orders and balances. */
export const perpetualAccount = (connector: Connector, session: CcxtSession): PerpetualAccount => {
  let known: Promise<PositionMode> | undefined

  const readMode = async (exchange: CcxtExchange): Promise<PositionMode> =>
    positionMode.parse(await exchange.fetchPositionMode()).hedged ? 'hedge' : 'one-way'

  const mode = (): Promise<PositionMode> => {
    if (connector.market === 'spot') return Promise.resolve('one-way')
    known ??= session
      .read(async ({ exchange }) => (exchange.has.fetchPositionMode === true ? readMode(exchange) : 'one-way'))
      .catch((error: unknown) => {
        known = undefined
        throw error
      })
    return known
  }

  const must = (exchange: CcxtExchange, method: string, what: string): void => {
    if (exchange.has[method] !== true) throw new VenueRefused(`${connector.name} has no way to ${what}`)
  }

  return {
    mode,

    async positions() {
      const held = await mode()
      return session.read(async (of) => {
        must(of.exchange, 'fetchPositions', 'list positions')
        return list
          .parse(await of.exchange.fetchPositions())
          .map((reply) => positionOf(reply, of, held))
          .filter((position) => position !== undefined)
      })
    },

    positionMode: () =>
      session.read(async ({ exchange }) =>
        exchange.has.fetchPositionMode === true ? modeNames[await readMode(exchange)] : 'UNKNOWN',
      ),

    async setPositionMode(wanted) {
      await session.read(async ({ exchange }) => {
        must(exchange, 'setPositionMode', 'set a position mode')
        // Venues refuse to set what is set already.
        if (exchange.has.fetchPositionMode === true && modeNames[await readMode(exchange)] === wanted) return
        await exchange.setPositionMode(wanted === 'HEDGE')
      })
      known = undefined
    },

    fundingPayments: (since) =>
      connector.market === 'spot'
        ? Promise.resolve([])
        : session.read(({ exchange, markets }) => readFundingPayments(exchange, markets, since)),

    setLeverage: (tradingPair, leverage) =>
      session.read(async ({ exchange, markets }) => {
        must(exchange, 'setLeverage', 'set a leverage')
        await exchange.setLeverage(leverage, markets.market(tradingPair).symbol)
      }),
  }
}
