import type { Exchange } from '../engine/exchange.ts'
import { Rejection } from '../engine/rejection.ts'
import type { Faults } from '../faults.ts'
import type { ListenKeys } from '../listen-keys.ts'
import { keyOf, verifySignature } from '../rest/auth.ts'
import { Params, type Route } from '../rest/route.ts'
import { rejectionReply, runRoute } from '../rest/server.ts'
import type { Connection, WsRequest } from './streams.ts'

/** Methods of the websocket API and the REST route each is the same as, without the market's root. */
const methods: Readonly<Record<string, string>> = {
  ping: 'GET /ping',
  time: 'GET /time',
  exchangeInfo: 'GET /exchangeInfo',
  depth: 'GET /depth',
  'trades.recent': 'GET /trades',
  'trades.aggregate': 'GET /aggTrades',
  klines: 'GET /klines',
  'ticker.24hr': 'GET /ticker/24hr',
  'ticker.price': 'GET /ticker/price',
  'ticker.book': 'GET /ticker/bookTicker',
  'order.place': 'POST /order',
  'order.status': 'GET /order',
  'order.cancel': 'DELETE /order',
  'openOrders.status': 'GET /openOrders',
  'openOrders.cancelAll': 'DELETE /openOrders',
  allOrders: 'GET /allOrders',
  myTrades: 'GET /myTrades',
}
const spotMethods: Readonly<Record<string, string>> = { ...methods, 'account.status': 'GET /account' }
const futuresMethods: Readonly<Record<string, string>> = {
  ...methods,
  'account.status': 'GET /fapi/v3/account',
  'v2/account.status': 'GET /fapi/v3/account',
  'account.balance': 'GET /fapi/v3/balance',
  'v2/account.balance': 'GET /fapi/v3/balance',
  'account.position': 'GET /fapi/v3/positionRisk',
  'v2/account.position': 'GET /fapi/v3/positionRisk',
}

interface ApiCall {
  readonly exchange: Exchange
  readonly faults: Faults
  readonly listenKeys: ListenKeys
  readonly routes: readonly Route[]
  readonly connection: Connection
  readonly request: WsRequest | undefined
  readonly send: (message: unknown) => void
}

let lastSubscriptionId = 0

/** Answers one request of the websocket API by the REST route it stands for. */
export const answerApi = (call: ApiCall): void => {
  const { request, send } = call
  const id = request?.['id'] ?? null
  if (!request) {
    send({ id, status: 400, error: { code: -1135, msg: 'Invalid JSON Request.' } })
    return
  }
  const method = String(request['method'])
  const params = request['params']
  const given = new Map(
    Object.entries(typeof params === 'object' && params !== null ? params : {}).map(([name, value]) => [
      name,
      String(value),
    ]),
  )
  try {
    const result = method.startsWith('userDataStream.')
      ? userDataStream(call, method, given)
      : byRoute(call, method, given)
    if (result !== noAnswer) send({ id, status: 200, result, rateLimits: [] })
  } catch (error) {
    const { status, body } = rejectionReply(error)
    send({ id, status, error: body, rateLimits: [] })
  }
}

const noAnswer = Symbol('the answer is lost on purpose')

/** The websocket API signs the parameters in the order of their names, unescaped. */
const signedText = (given: ReadonlyMap<string, string>): string =>
  [...given]
    .filter(([name]) => name !== 'signature')
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`)
    .join('&')

const byRoute = (call: ApiCall, method: string, given: ReadonlyMap<string, string>): unknown => {
  const { market } = call.connection
  const named = (market === 'spot' ? spotMethods : futuresMethods)[method]
  const [verb, path = ''] = named?.split(' ') ?? []
  const full = path.startsWith('/fapi') ? path : `${market === 'spot' ? '/api/v3' : '/fapi/v1'}${path}`
  const route =
    named === undefined
      ? undefined
      : call.routes.find((candidate) => candidate.method === verb && candidate.path === full)
  if (!route) throw new Rejection(-1000, `Unknown method '${method}'`)
  const account = call.exchange.state.keys.get(given.get('apiKey') ?? '')?.account.id
  const fault = call.faults.next({ on: route.operation, market, symbol: given.get('symbol'), account })
  switch (fault?.kind) {
    case 'reject':
      throw new Rejection(fault.code, fault.message)
    case '500':
      throw new Rejection(-1000, 'An unknown error occurred while processing the request.', 500)
    case '429':
    case '418':
      throw new Rejection(-1003, 'Too much request weight used.', Number(fault.kind))
    case 'drop-connection':
      call.connection.socket.terminate()
      return noAnswer
    default:
  }
  const result = runRoute(call, route, new Params(given), given.get('apiKey'), signedText(given))
  switch (fault?.kind) {
    case 'accept-then-timeout':
      return noAnswer
    case '500-after-accept':
      throw new Rejection(-1000, 'An unknown error occurred while processing the request.', 500)
    case 'drop-websocket':
      call.connection.socket.terminate()
      return noAnswer
    default:
      return result
  }
}

const userDataStream = (call: ApiCall, method: string, given: ReadonlyMap<string, string>): unknown => {
  const { exchange, listenKeys, connection } = call
  const params = new Params(given)
  if (method === 'userDataStream.unsubscribe') {
    const id = params.integer('subscriptionId')
    const left = connection.users.filter((user) => id !== undefined && user.subscriptionId !== id)
    connection.users.splice(0, connection.users.length, ...left)
    return {}
  }
  const key = keyOf(exchange, params.get('apiKey'))
  const { account } = key
  switch (method) {
    case 'userDataStream.subscribe.signature': {
      verifySignature(exchange, key, params, signedText(given))
      const subscriptionId = lastSubscriptionId++
      connection.users.push({ account: account.id, market: connection.market, subscriptionId, listenKey: null })
      return { subscriptionId }
    }
    case 'userDataStream.start':
      return { listenKey: listenKeys.open(account.id, connection.market, exchange.clock.wall()) }
    case 'userDataStream.ping':
      listenKeys.keepAlive(params.require('listenKey'), exchange.clock.wall())
      return {}
    case 'userDataStream.stop':
      listenKeys.close(params.require('listenKey'))
      return {}
    default:
      throw new Rejection(-1000, `Unknown method '${method}'`)
  }
}
