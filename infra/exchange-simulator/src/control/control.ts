import { timingSafeEqual } from 'node:crypto'
import { z } from 'zod'
import type { Exchange } from '../engine/exchange.ts'
import { findInstrument, type Instrument, lotsOf, priceText, ticksOf } from '../engine/instruments.ts'
import type { Faults } from '../faults.ts'
import type { RequestLog } from '../rest/request-log.ts'
import type { Reply, Request } from '../rest/server.ts'
import { ledger } from './ledger.ts'
import {
  accountRequest,
  clockRequest,
  depositRequest,
  faultRequest,
  keyRequest,
  positionRequest,
  priceRequest,
  tradeRequest,
} from './schemas.ts'

export interface ControlParts {
  readonly exchange: Exchange
  readonly faults: Faults
  readonly requests: RequestLog
  readonly token: string | undefined
  readonly reset: () => void
  readonly dropUserStreams: (account: string | undefined) => void
  readonly dropAllStreams: () => void
  readonly listStreams: () => unknown
  /** Called after time or prices were moved by hand, so that streams tell of it at once. */
  readonly moved: () => void
}

class BadControl extends Error {}

/** Enough to fill whatever rests at a price. */
const everything = Number.MAX_SAFE_INTEGER

/** The control API: JSON in, JSON out, never faulty itself. */
export const control = (parts: ControlParts): ((request: Request) => Reply) => {
  const operations: Readonly<Record<string, (request: Request) => unknown>> = {
    'GET /control/health': () => ({ status: 'ok' }),
    'GET /control/ledger': ({ query }) => {
      const params = new URLSearchParams(query)
      const [account, clientOrderId] = [params.get('account'), params.get('clientOrderId')]
      return ledger(parts.exchange, {
        ...(account === null ? {} : { account }),
        ...(clientOrderId === null ? {} : { clientOrderId }),
      })
    },
    'GET /control/faults': () => parts.faults.list(),
    'POST /control/faults': ({ body }) => parts.faults.arm(read(faultRequest, body)),
    'DELETE /control/faults': ({ query }) => {
      const id = new URLSearchParams(query).get('id')
      parts.faults.clear(id === null ? undefined : Number(id))
      return parts.faults.list()
    },
    'GET /control/requests': () => parts.requests.list(),
    'DELETE /control/requests': () => {
      parts.requests.clear()
      return []
    },
    'GET /control/clock': () => clockView(parts.exchange),
    'POST /control/clock': ({ body }) => moveClock(parts, read(clockRequest, body)),
    'POST /control/price': ({ body }) => movePrice(parts, read(priceRequest, body)),
    'POST /control/trade': ({ body }) => {
      const request = read(tradeRequest, body)
      const instrument = instrumentOf(request)
      const trade = parts.exchange.print(instrument, {
        price: ticks(instrument, request.price),
        lots: lots(instrument, request.quantity),
        buyerIsMaker: request.taker === 'SELL',
      })
      parts.moved()
      return trade
    },
    'POST /control/deposit': ({ body }) => {
      const moved = read(depositRequest, body)
      mustHave(parts.exchange, moved.account)
      parts.exchange.commit([{ type: 'BalanceMoved', ...moved }])
      return moved
    },
    'POST /control/position': ({ body }) => {
      const { account, symbol, side, quantity, price } = read(positionRequest, body)
      mustHave(parts.exchange, account)
      const instrument = instrumentOf({ market: 'futures', symbol })
      const size = lots(instrument, quantity.replace('-', ''))
      const time = parts.exchange.clock.now()
      const event = { account, symbol, side, lots: quantity.startsWith('-') ? -size : size, time }
      parts.exchange.commit([{ type: 'PositionMoved', ...event, price: ticks(instrument, price) }])
      return { account, symbol, side, quantity }
    },
    'POST /control/accounts': ({ body }) => {
      const { id, ...account } = read(accountRequest, body)
      parts.exchange.commit([{ type: 'AccountOpened', account: id, ...account }])
      return { id }
    },
    'POST /control/keys': ({ body }) => {
      const { account, apiKey, apiSecret, ...permissions } = read(keyRequest, body)
      mustHave(parts.exchange, account)
      parts.exchange.commit([{ type: 'KeyAdded', account, apiKey, apiSecret, permissions }])
      return { account, ...permissions }
    },
    // A revoked key is refused from the next request on, and the account's private streams end.
    'DELETE /control/keys': ({ query }) => {
      const apiKey = new URLSearchParams(query).get('apiKey') ?? ''
      const key = parts.exchange.state.keys.get(apiKey)
      if (key === undefined) throw new BadControl('no such key')
      parts.exchange.commit([{ type: 'KeyRevoked', apiKey }])
      parts.dropUserStreams(key.account.id)
      return { account: key.account.id }
    },
    'GET /control/websockets': () => parts.listStreams(),
    'POST /control/websockets/drop': ({ query }) => {
      const account = new URLSearchParams(query).get('account')
      if (account === null) parts.dropAllStreams()
      else parts.dropUserStreams(account)
      return {}
    },
    'POST /control/reset': () => {
      parts.reset()
      return {}
    },
  }
  return (request) => {
    if (!allowed(parts.token, request))
      return { status: 401, body: { error: 'x-simulator-control-token is missing or wrong' } }
    const operation = operations[`${request.method} ${request.path}`]
    if (!operation) return { status: 404, body: { error: `no such control: ${request.method} ${request.path}` } }
    try {
      return { status: 200, body: operation(request) }
    } catch (error) {
      if (error instanceof BadControl || error instanceof RangeError)
        return { status: 400, body: { error: error.message } }
      throw error
    }
  }
}

const allowed = (token: string | undefined, request: Request): boolean => {
  if (token === undefined) return true
  const given = Buffer.from(request.headers['x-simulator-control-token']?.toString() ?? '')
  const wanted = Buffer.from(token)
  return given.length === wanted.length && timingSafeEqual(given, wanted)
}

const read = <T>(schema: z.ZodType<T>, body: string): T => {
  let value: unknown
  try {
    value = JSON.parse(body)
  } catch {
    throw new BadControl('the body is not JSON')
  }
  const parsed = schema.safeParse(value)
  if (!parsed.success) throw new BadControl(z.prettifyError(parsed.error))
  return parsed.data
}

const mustHave = (exchange: Exchange, account: string): void => {
  if (!exchange.state.accounts.has(account)) throw new BadControl(`no account ${account}`)
}

const instrumentOf = (request: { readonly market: 'spot' | 'futures'; readonly symbol: string }): Instrument => {
  const instrument = findInstrument(request.market, request.symbol)
  if (!instrument) throw new BadControl(`no ${request.market} instrument ${request.symbol}`)
  return instrument
}

const whole = (name: string, value: number): number => {
  if (!Number.isInteger(value) || value <= 0)
    throw new BadControl(`${name} is not a positive multiple of its increment`)
  return value
}
const ticks = (instrument: Instrument, price: string): number => whole('price', ticksOf(instrument, price))
const lots = (instrument: Instrument, quantity: string): number => whole('quantity', lotsOf(instrument, quantity))

const clockView = (exchange: Exchange): unknown => ({
  now: exchange.clock.now(),
  wall: exchange.clock.wall(),
  speed: exchange.clock.speed,
})

const moveClock = ({ exchange, moved }: ControlParts, request: z.infer<typeof clockRequest>): unknown => {
  const { clock } = exchange
  switch (request.action) {
    case 'set':
      clock.set(request.time)
      break
    case 'advance':
      clock.advance(request.ms)
      break
    case 'freeze':
      clock.setSpeed(0)
      break
    case 'resume':
      clock.setSpeed(1)
      break
    case 'speed':
      clock.setSpeed(request.speed)
      break
  }
  exchange.commit([{ type: 'ClockMoved', clock: clock.state(), time: clock.now() }])
  exchange.playAll()
  moved()
  return clockView(exchange)
}

/**
 * Pins the price, or shifts the replay so that it goes on from the price, and trades there at once: resting orders the
 * price reaches or passes fill, in full unless a quantity bounds them.
 */
const movePrice = ({ exchange, moved }: ControlParts, request: z.infer<typeof priceRequest>): unknown => {
  const instrument = instrumentOf(request)
  const from = exchange.clock.now() + 1
  if (request.mode === 'release') {
    exchange.control(instrument, { from, kind: 'free' })
  } else {
    const price = ticks(instrument, request.price)
    const last = exchange.lastTrade(instrument).price
    const replayed = exchange.venue(instrument).tape.replayedPrice(exchange.clock.now())
    exchange.control(
      instrument,
      request.mode === 'pin' ? { from, kind: 'pin', price } : { from, kind: 'shift', ticks: price - replayed },
    )
    const bounded = request.quantity === undefined ? null : lots(instrument, request.quantity)
    const resting = exchange.state.restingOf(instrument)
    const reached = [
      ...resting.bids.filter((order) => order.price >= price),
      ...resting.asks.filter((order) => order.price <= price),
    ]
    const needed = reached.reduce((sum, order) => Math.min(everything, sum + order.remaining), 0)
    const buyerIsMaker = price < last
    exchange.print(instrument, { price, lots: bounded ?? Math.max(1, needed), buyerIsMaker })
    if (bounded === null) exchange.print(instrument, { price, lots: Math.max(1, needed), buyerIsMaker: !buyerIsMaker })
  }
  moved()
  return { symbol: instrument.symbol, price: priceText(instrument, exchange.lastTrade(instrument).price) }
}
