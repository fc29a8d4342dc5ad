import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { postOrder } from './post-order.ts'

const request = {
  accountName: 'master_account',
  connectorName: 'simulator',
  tradingPair: 'BTC-USDT',
  tradeType: 'BUY',
  orderType: 'MARKET',
  amount: '0.5',
  price: null,
  positionAction: 'OPEN',
  idempotencyKey: 'rebalance 1 0',
} as const

t.test('what the route of orders answers is what the other service is told', async (t) => {
  const asked: { headers: IncomingHttpHeaders; body: unknown }[] = []
  let answer: { readonly status: number; readonly body: string } = { status: 201, body: '{"order_id":"CLB1"}' }
  const server = createServer((incoming, outgoing) => {
    let text = ''
    incoming.on('data', (chunk: Buffer) => {
      text += chunk.toString()
    })
    incoming.on('end', () => {
      asked.push({ headers: incoming.headers, body: JSON.parse(text) })
      outgoing.writeHead(answer.status).end(answer.body)
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const post = postOrder({
    address: () => `http://127.0.0.1:${port}`,
    edgeToken: 'token',
    context: () => ({ requestId: 'plan', correlationId: 'request', actor: 'user:alice' }),
  })
  const told = (status: number, body: object | string) => {
    answer = { status, body: typeof body === 'string' ? body : JSON.stringify(body) }
    return post(request)
  }

  t.same(await told(201, { order_id: 'CLB1' }), { kind: 'placed', clientOrderId: 'CLB1' })
  t.match(asked, [
    {
      headers: {
        'idempotency-key': 'rebalance 1 0',
        'x-colibri-edge-token': 'token',
        'x-colibri-actor': 'user:alice',
        'x-correlation-id': 'request',
        'x-request-id': 'plan',
      },
      body: { account_name: 'master_account', amount: '0.5', price: null, trade_type: 'BUY', position_action: 'OPEN' },
    },
  ])
  t.same(await told(409, { detail: 'Trading is halted' }), { kind: 'halted', reason: 'Trading is halted' })
  t.same(await told(400, { detail: 'too small' }), { kind: 'refused', reason: 'too small' })
  t.same(await told(422, { detail: [{ msg: 'one' }, { msg: 'two' }] }), { kind: 'refused', reason: 'one; two' })
  t.same(await told(503, { detail: 'in a moment' }), { kind: 'again', reason: 'in a moment' })
  t.same(await told(502, '<html>'), { kind: 'again', reason: 'trading answered 502' })
  t.match(await told(201, 'cut off'), { kind: 'again' }, 'a reply nobody can read may have been a placed order')
  server.close()
  server.closeAllConnections()
  await once(server, 'close')
  t.match(await post(request), { kind: 'again' }, 'nobody listens')
})
