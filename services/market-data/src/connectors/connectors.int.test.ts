import { catalogue } from '@colibri/exchange'
import { startSimulator } from '@colibri/exchange-simulator'
import { contractProblems, startedService } from '@colibri/testkit'
import t from 'tap'
import { z } from 'zod'
import { marketData } from '../testing/market-data.ts'

t.test('connectors over HTTP', async (t) => {
  const simulator = await startSimulator()
  t.teardown(() => simulator.close())
  const urls = { SIMULATOR_REST_URL: simulator.restUrl, SIMULATOR_WS_URL: simulator.wsUrl }
  const { get } = await startedService(t, { ...marketData, env: urls })

  await t.test('connectors are listed', async (t) => {
    const { status, body } = await get('/connectors/')
    t.equal(status, 200)
    t.same(contractProblems('get', '/connectors/', body), [])
    t.same(
      body,
      catalogue.map(({ name }) => name),
    )
    t.ok(z.array(z.string()).parse(body).includes('simulator'))
  })

  await t.test('config maps are those of the catalogue', async (t) => {
    const map = async (name: string) => {
      const { status, body } = await get(`/connectors/${name}/config-map`)
      t.equal(status, 200)
      t.same(contractProblems('get', '/connectors/{connector_name}/config-map', body), [])
      return body
    }
    t.same(await map('binance'), {
      binance_api_key: { type: 'SecretStr', required: true },
      binance_api_secret: { type: 'SecretStr', required: true },
    })
    t.same(await map('hyperliquid_perpetual'), {
      hyperliquid_perpetual_mode: { type: 'Literal', required: false, allowed_values: ['arb_wallet', 'api_wallet'] },
      use_vault: { type: 'bool', required: false },
      hyperliquid_perpetual_address: { type: 'SecretStr', required: true },
      hyperliquid_perpetual_secret_key: { type: 'SecretStr', required: true },
    })
    const { status, body } = await get('/connectors/nope/config-map')
    t.same({ status, body }, { status: 404, body: { detail: "Connector 'nope' not found" } })
  })

  await t.test('order types come in the order of the contract', async (t) => {
    const types = async (name: string) => (await get(`/connectors/${name}/order-types`)).body
    t.same(await types('binance'), {
      connector: 'binance',
      supported_order_types: ['LIMIT', 'LIMIT_MAKER', 'MARKET'],
    })
    t.same(await types('binance_perpetual'), {
      connector: 'binance_perpetual',
      supported_order_types: ['LIMIT', 'MARKET', 'LIMIT_MAKER'],
    })
    const { status, body } = await get('/connectors/nope/order-types')
    t.same({ status, body }, { status: 404, body: { detail: "Connector 'nope' not found: Connector nope not found" } })
  })

  await t.test('trading rules: all of them, some of them, none of them', async (t) => {
    const all = await get('/connectors/simulator/trading-rules')
    t.equal(all.status, 200)
    t.same(contractProblems('get', '/connectors/{connector_name}/trading-rules', all.body), [])
    t.ok(Object.keys(z.looseObject({}).parse(all.body)).includes('BTC-USDT'))
    t.match(all.headers.get('age'), /^\d+$/)

    const two = await get('/connectors/simulator/trading-rules?trading_pairs=ETH-USDT&trading_pairs=NO-PE,BTC-USDT')
    const rules = z.record(z.string(), z.unknown()).parse(two.body)
    t.same(Object.keys(rules), ['ETH-USDT', 'NO-PE', 'BTC-USDT'])
    t.same(rules['NO-PE'], { error: 'Trading pair NO-PE not found' })
    t.same(contractProblems('get', '/connectors/{connector_name}/trading-rules', two.body), [])
    t.match(rules['BTC-USDT'], {
      min_quote_amount_increment: 1e-56,
      min_order_value: 0,
      max_price_significant_digits: 1e56,
      supports_limit_orders: true,
      supports_market_orders: true,
      buy_order_collateral_token: 'USDT',
      sell_order_collateral_token: 'USDT',
    })

    const { status, body } = await get('/connectors/nope/trading-rules')
    t.same(
      { status, body },
      { status: 404, body: { detail: "Connector 'nope' not found or error: Connector nope not found" } },
    )
  })

  await t.test('one connector: what it is, and why it cannot be used', async (t) => {
    const one = async (name: string) => (await get(`/connectors/${name}`)).body
    t.same(await one('binance_perpetual'), {
      name: 'binance_perpetual',
      is_perpetual: true,
      supported_order_types: ['LIMIT', 'MARKET', 'LIMIT_MAKER'],
      config_fields: {
        binance_perpetual_api_key: { type: 'SecretStr', required: true },
        binance_perpetual_api_secret: { type: 'SecretStr', required: true },
      },
      available: true,
      unavailable_reason: null,
    })
    t.match(await one('bitmart'), {
      is_perpetual: false,
      available: false,
      unavailable_reason: 'ccxt removed this exchange after 4.5.70',
    })
    t.match(await get('/connectors/nope'), { status: 404, body: { detail: "Connector 'nope' not found" } })
  })

  await t.test('pairs that have rules, sorted, under both names', async (t) => {
    const pairs = z.array(z.string()).parse((await get('/connectors/simulator/trading-pairs')).body)
    t.same(pairs, [...pairs].sort())
    t.ok(pairs.includes('BTC-USDT'))
    const rules = z.looseObject({}).parse((await get('/connectors/simulator/trading-rules')).body)
    t.same(pairs, Object.keys(rules).sort())
    t.same((await get('/connectors/simulator/markets')).body, pairs)
  })

  await t.test('a connector without an exchange behind it says why', async (t) => {
    const reason = 'Connector dexalot cannot be used: ccxt has no such exchange (on-chain order book)'
    for (const path of ['trading-rules', 'trading-pairs', 'markets'])
      t.match(await get(`/connectors/dexalot/${path}`), {
        status: 404,
        body: { detail: `Connector 'dexalot' not found or error: ${reason}` },
      })
    t.match(await get('/connectors/dexalot/order-types'), { status: 200, body: { connector: 'dexalot' } })
    t.match(await get('/connectors/dexalot/config-map'), { status: 200, body: { dexalot_api_key: { required: true } } })
  })

  await t.test('the machine', async (t) => {
    const { status, body } = await get('/system/resources')
    t.equal(status, 200)
    t.same(contractProblems('get', '/system/resources', body), [])
  })
})
