import { UnknownPair } from '@colibri/exchange'
import { Registry } from 'prom-client'
import t from 'tap'
import type { Subscription } from './command.ts'
import { createConnection } from './connection.ts'
import { explain } from './explain.ts'
import { createLiveSocketMetrics } from './metrics.ts'
import type { Lease } from './sources.ts'

const trades = (id: string): Subscription => ({
  type: 'trades',
  id,
  connectorName: 'simulator',
  tradingPair: 'BTC-USDT',
  updateMs: 60_000,
  resumeFrom: undefined,
})

/** A connection whose sources open when the test says so. */
const world = (t: { teardown(clean: () => void): void }) => {
  const said: { type: string; message?: string; subscription_id?: string }[] = []
  const opening: PromiseWithResolvers<void>[] = []
  const endings: PromiseWithResolvers<Error | undefined>[] = []
  let leases = 0
  const background: Promise<unknown>[] = []
  const connection = createConnection({
    outlet: { say: (text) => said.push(JSON.parse(text)), congestedSince: () => undefined },
    sources: {
      open: async (): Promise<Lease> => {
        const opened = Promise.withResolvers<void>()
        opening.push(opened)
        await opened.promise
        leases++
        const ending = Promise.withResolvers<Error | undefined>()
        endings.push(ending)
        return {
          cursor: { resumed: undefined, take: () => undefined },
          ended: ending.promise,
          release: () => leases--,
        }
      },
    },
    metrics: createLiveSocketMetrics(new Registry(), { connections: () => 1, bufferedBytes: () => 0 }),
    explain: explain(() => undefined),
    background: (_name, promise) => background.push(promise),
  })
  t.teardown(() => connection.close())
  const turn = () => new Promise((resolve) => setImmediate(resolve))
  return {
    connection,
    said,
    leases: () => leases,
    subscribe: (id: string) => connection.receive({ kind: 'subscribe', subscription: trades(id) }),
    open: async () => {
      await turn()
      for (const opened of opening.splice(0)) opened.resolve()
      await turn()
    },
    end: async (error: Error) => {
      for (const ending of endings) ending.resolve(error)
      await turn()
    },
  }
}

t.test('a connection has so many subscriptions and no more, opening ones included', async (t) => {
  const { subscribe, open, said, leases } = world(t)
  for (let at = 0; at < 501; at++) subscribe(`s${at}`)
  t.same(said, [{ type: 'error', message: 'Too many subscriptions: at most 500 for one connection' }])
  await open()
  t.equal(leases(), 500)
  subscribe('s7')
  await open()
  t.equal(leases(), 500, 'one that is there can be replaced')
  subscribe('another')
  t.equal(said.filter(({ type }) => type === 'error').length, 2)
})

t.test('a client that leaves while a feed opens leaves nothing behind', async (t) => {
  const { connection, subscribe, open, said, leases } = world(t)
  subscribe('one')
  connection.close()
  await open()
  t.equal(leases(), 0)
  subscribe('two')
  connection.receive({ kind: 'ping' })
  await open()
  t.equal(leases(), 0)
  t.same(said, [])
})

t.test('a feed that turns out not to exist ends its subscription', async (t) => {
  const { connection, subscribe, open, end, said, leases } = world(t)
  subscribe('one')
  await open()
  await end(new UnknownPair('no such pair'))
  t.same(said, [
    { type: 'subscribed', subscription_id: 'one' },
    { type: 'error', message: 'Failed to start feed: no such pair', subscription_id: 'one' },
  ])
  t.equal(leases(), 0)
  connection.receive({ kind: 'unsubscribe', id: 'one' })
  t.match(said.at(-1), { type: 'error', message: 'Subscription not found: one' })
})
