import { startSimulator } from '@colibri/exchange-simulator'
import { contractProblems, startedService } from '@colibri/testkit'
import t from 'tap'
import { z } from 'zod'
import { marketData } from '../testing/market-data.ts'

t.test('funding of perpetual pairs', async (t) => {
  const simulator = await startSimulator()
  t.teardown(() => simulator.close())
  const urls = { SIMULATOR_REST_URL: simulator.restUrl, SIMULATOR_WS_URL: simulator.wsUrl }
  const { post } = await startedService(t, { ...marketData, env: urls })
  const path = '/market-data/funding-info'
  const asked = { connector_name: 'simulator_perpetual', trading_pair: 'BTC-USDT' }
  const info = z.object({
    trading_pair: z.string(),
    funding_rate: z.number(),
    next_funding_time: z.number(),
    mark_price: z.number().positive(),
    index_price: z.number().positive(),
  })

  await t.test('one pair', async (t) => {
    const { status, body } = await post(path, asked)
    t.equal(status, 200, JSON.stringify(body))
    t.same(contractProblems('post', path, body), [])
    const { trading_pair: pair, funding_rate: rate, next_funding_time: next } = info.parse(body)
    t.equal(pair, 'BTC-USDT')
    t.ok(Math.abs(rate) < 0.01, 'a fraction')
    const ahead = next - Date.now() / 1000
    t.ok(ahead > 0 && ahead <= 8 * 3600, 'seconds, within the next period')
  })

  await t.test('several pairs, and the older name', async (t) => {
    const { trading_pair: _, ...connector } = asked
    const several = { ...connector, trading_pairs: ['ETH-USDT', 'BTC-USDT', 'ETH-USDT'] }
    for (const name of [path, '/market-data/funding-rates']) {
      const { status, body } = await post(name, several)
      t.equal(status, 200, JSON.stringify(body))
      t.same(
        z
          .array(info)
          .parse(body)
          .map((each) => each.trading_pair),
        ['ETH-USDT', 'BTC-USDT'],
      )
    }
    for (const more of [{}, { trading_pairs: [] }, { trading_pairs: ['ETH-USDT'] }]) {
      const reply = await post('/market-data/funding-rates', { ...asked, ...more })
      t.match(reply, { status: 200, body: { trading_pair: 'BTC-USDT' } })
    }
  })

  await t.test('funding nobody has', async (t) => {
    t.match(await post(path, { ...asked, connector_name: 'simulator' }), {
      status: 400,
      body: { detail: 'Funding info is only available for perpetual trading pairs.' },
    })
    t.match(await post(path, { ...asked, trading_pair: 'NO-PE' }), {
      status: 404,
      body: { detail: "Trading pair 'NO-PE' not found on simulator_perpetual" },
    })
    t.match(await post(path, { ...asked, connector_name: 'nope_perpetual' }), {
      status: 404,
      body: { detail: 'Connector nope_perpetual not found' },
    })
    t.match(await post(path, { ...asked, connector_name: 'aevo_perpetual' }), {
      status: 404,
      body: { detail: 'Connector aevo_perpetual cannot be used: ccxt has no such exchange' },
    })
    t.match(await post(path, {}), {
      status: 422,
      body: { detail: [{ loc: ['body', 'connector_name'] }, { loc: ['body', 'trading_pair'] }] },
    })
  })
})
