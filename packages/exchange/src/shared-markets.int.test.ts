import { startSimulator } from '@colibri/exchange-simulator'
import t from 'tap'
import { z } from 'zod'
import { catalogue } from './catalogue.ts'
import { openExchange } from './ccxt-exchange.ts'
import { openVenues } from './open-venues.ts'
import { rateBudgets } from './rate-budget/rate-budgets.ts'
import { sharedMarkets } from './shared-markets.ts'

const log = z.array(z.object({ path: z.string() }))

t.test('the markets of a venue', async (t) => {
  const simulator = await startSimulator()
  t.teardown(() => simulator.close())
  const connector = catalogue.find(({ name }) => name === 'simulator')
  if (connector === undefined) throw new Error('the catalogue has no simulator')
  const urls = { rest: simulator.restUrl, ws: simulator.wsUrl }
  const readings = async (): Promise<number> => {
    const requests = log.parse(await (await fetch(`${simulator.controlUrl}/requests`)).json())
    return requests.filter(({ path }) => path.includes('exchangeInfo')).length
  }
  const open = async (door: 'rest' | 'streams') => {
    const settings = { urls, timeoutMs: 10_000, door, budgets: rateBudgets(), priority: 'data' as const }
    const exchange = await openExchange(connector, settings)
    t.teardown(async () => void (await exchange.close()))
    return exchange
  }

  await t.test('are read once for its REST and its streams, whoever comes first', async (t) => {
    const venues = openVenues({ urls: { simulator: urls } })
    const stop = new AbortController()
    const firstBook = async (): Promise<void> => {
      for await (const item of venues.liveVenue('simulator').book('BTC-USDT', stop.signal))
        if (item.kind === 'data') return
    }
    const [rules] = await Promise.all([venues.publicVenue('simulator').tradingRules(), firstBook()])
    t.ok(rules.some(({ tradingPair }) => tradingPair === 'BTC-USDT'))
    t.equal(await readings(), 1)
    stop.abort()
    await venues.close()
  })

  await t.test('are those that were read last, for all who share them', async (t) => {
    const [rest, streams] = [await open('rest'), await open('streams')]
    const shared = sharedMarkets(connector)
    t.throws(() => shared.current, { message: /have not been loaded/ })
    await shared.into(rest, 60_000, () => rest.loadMarkets(true))
    await shared.into(streams, 60_000, () => Promise.reject(new Error('they are known')))
    t.equal(streams.markets, rest.markets)
    const first = rest.markets
    await shared.into(rest, -1, () => rest.loadMarkets(true))
    t.not(rest.markets, first, 'too old, read again')
    t.equal(streams.markets, rest.markets)
    t.ok(shared.current.has('BTC-USDT'))
    shared.leave(streams)
    await shared.into(rest, -1, () => rest.loadMarkets(true))
    t.not(streams.markets, rest.markets, 'who left gets no more')
  })

  await t.test('are asked for by the next when the first one fails', async (t) => {
    const [one, other] = [await open('rest'), await open('rest')]
    const shared = sharedMarkets(connector)
    const fails = t.rejects(
      shared.into(one, 60_000, () => Promise.reject(new Error('the venue is away'))),
      { message: 'the venue is away' },
    )
    await shared.into(other, 60_000, () => other.loadMarkets(true))
    await fails
    t.ok(shared.current.has('BTC-USDT'))
  })
})
