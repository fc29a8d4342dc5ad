import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { ratesReply, rpcError, rpcSubject } from '@colibri/contracts'
import { startService } from '@colibri/service-kit'
import {
  contractProblems,
  edgeHeaders,
  serviceEnvironment,
  testNats,
  testPostgres,
  testSimulator,
} from '@colibri/testkit'
import { connect } from '@nats-io/transport-node'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { parse } from 'yaml'
import { z } from 'zod'
import { marketData } from '../service.ts'
import { Exact, quotient } from './find-rate.ts'
import { contractSources } from './rate-sources.ts'

interface Reply {
  readonly status: number
  readonly body: unknown
}

/** Whatever listens on loopback: `connection` decides whether it ever says a word. */
const listening = async (t: Test, server: ReturnType<typeof createServer>): Promise<string> => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => void server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const silentHost = (t: Test): Promise<string> => {
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy())
    t.teardown(() => void socket.destroy())
  })
  return listening(t, server)
}

const closedPort = async (): Promise<string> => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return `http://127.0.0.1:${port}`
}

/** CoinGecko's and CoinCap's paths, on one host. */
const priceServices = async (t: Test) => {
  const asked: string[] = []
  const server = createHttpServer((request, response) => {
    const path = request.url ?? ''
    asked.push(path)
    const body = path.includes('supported_vs_currencies')
      ? ['usd', 'eur']
      : path.includes('/coins/markets')
        ? [{ symbol: 'btc', current_price: path.includes('vs_currency=eur') ? 45_000.5 : 50_000.25 }]
        : { data: [{ symbol: 'ETH', priceUsd: '2500.000000000000000001' }] }
    response.end(JSON.stringify(body))
  })
  return { url: await listening(t, server), asked }
}

/** Replicas over one database, one NATS and one folder, on a frozen simulator. */
const world = async (t: Test) => {
  const [postgres, server, simulator, gecko, dead, silent] = await Promise.all([
    testPostgres(t),
    testNats(t),
    testSimulator(t, { speed: 0 }),
    priceServices(t),
    closedPort(),
    silentHost(t),
  ])
  const home = t.testdir({
    'venues.yml': [
      `binance: {rest: ${simulator.restUrl}}`,
      `gate_io: {rest: ${dead}}`,
      `kucoin: {rest: ${silent}}`,
      `coin_gecko: {rest: ${gecko.url}}`,
      `coin_cap: {rest: ${gecko.url}/}`,
    ].join('\n'),
  })
  const nats = await connect(server.options)
  t.teardown(() => nats.close())

  const replica = async (env: Readonly<Record<string, string>> = {}) => {
    const service = await startService(marketData, {
      ...serviceEnvironment({ postgres, nats: server, home }),
      LOG_LEVEL: 'fatal',
      SIMULATOR_REST_URL: simulator.restUrl,
      SIMULATOR_WS_URL: simulator.wsUrl,
      ...env,
    })
    t.teardown(() => service.stop())
    const send = async (method: string, path: string, body?: unknown): Promise<Reply> => {
      const headers = { ...edgeHeaders, 'content-type': 'application/json' }
      const init = body === undefined ? { method, headers } : { method, headers, body: JSON.stringify(body) }
      const response = await fetch(`${service.url}/rate-oracle${path}`, init)
      return { status: response.status, body: await response.json() }
    }
    return {
      url: service.url,
      get: (path: string) => send('GET', path),
      put: (body: unknown) => send('PUT', '/config', body),
      post: (body: unknown) => send('POST', '/rates', body),
    }
  }
  const rpc = async (request: unknown): Promise<unknown> =>
    (await nats.request(rpcSubject('market-data', 'rates'), JSON.stringify(request), { timeout: 10_000 })).json()

  /** The exact middle of every ticker of the frozen simulator. */
  const mids = async (): Promise<Record<string, number>> => {
    const response = await fetch(`${simulator.restUrl}/api/v3/ticker/bookTicker`)
    const rows = z.array(z.object({ symbol: z.string(), bidPrice: z.string(), askPrice: z.string() }))
    return Object.fromEntries(
      rows
        .parse(await response.json())
        .map(({ symbol, bidPrice, askPrice }) => [
          symbol.replace(/USDT$/, '-USDT'),
          new Exact(bidPrice).plus(askPrice).div(2).toNumber(),
        ]),
    )
  }
  return { replica, rpc, mids, asked: gecko.asked, path: join(home, 'bots/credentials/master_account/conf_client.yml') }
}

type Replica = Awaited<ReturnType<Awaited<ReturnType<typeof world>>['replica']>>

const config = (name: string, token = 'USDT', symbol = '$') => ({
  rate_oracle_source: { name },
  global_token: { global_token_name: token, global_token_symbol: symbol },
})
const single = (pair: string, rate: number | null, source: string, token = 'USDT') => ({
  status: 200,
  body: { trading_pair: pair, rate, source, quote_token: token },
})
const ratio = (dividend: number, divisor: number): number => quotient(dividend, new Exact(divisor)).toNumber()
const pricesBody = z.object({
  source: z.string(),
  quote_token: z.string(),
  prices_count: z.number(),
  prices: z.record(z.string(), z.number()),
})
const pricesOf = async (replica: Replica) => pricesBody.parse((await replica.get('/prices')).body)

t.test('the rate oracle of two replicas', async (t) => {
  const { replica, rpc, mids, asked, path } = await world(t)
  const [first, second] = await Promise.all([replica(), replica()])
  const names = [...contractSources, 'simulator']
  const available = `[${names.map((name) => `'${name}'`).join(', ')}]`
  const middle = await mids()
  const btc = middle['BTC-USDT'] ?? 0
  const eth = middle['ETH-USDT'] ?? 0

  await t.test('a first start counts in the simulator; its file has nothing a bot would refuse', async (t) => {
    const { global_token } = config('simulator')
    t.same(parse(await readFile(path, 'utf8')), { global_token })
    for (const each of [first, second]) {
      const { status, body } = await each.get('/config')
      t.same({ status, body }, { status: 200, body: { ...config('simulator'), available_sources: names } })
      t.same(contractProblems('get', '/rate-oracle/config', body), [])
      t.same((await each.get('/sources')).body, names)
    }
  })

  await t.test('prices are the middles of the venue, exactly', async (t) => {
    for (const each of [first, second]) {
      const { status, body } = await each.get('/prices')
      t.equal(status, 200)
      t.same(contractProblems('get', '/rate-oracle/prices', body), [])
      t.same(body, {
        source: 'simulator',
        quote_token: 'USDT',
        prices_count: Object.keys(middle).length,
        prices: middle,
      })
    }
    t.ok(btc > 0 && eth > 0)
  })

  await t.test('rates: direct, reverse, through a link, in dollars', async (t) => {
    const pairs = {
      'BTC-USDT': btc,
      'BTC-USD': btc,
      'USDT-BTC': ratio(1, btc),
      'USDT-USDT': 1,
      'NO-PE': null,
      'A-B-C': null,
      '': null,
    }
    const { status, body } = await first.post({ trading_pairs: Object.keys(pairs) })
    t.equal(status, 200)
    t.same(contractProblems('post', '/rate-oracle/rates', body), [])
    t.same(body, { source: 'simulator', quote_token: 'USDT', rates: pairs })
    t.same(await first.post({ trading_pairs: [] }), {
      status: 200,
      body: { source: 'simulator', quote_token: 'USDT', rates: {} },
    })
    const { rates } = z
      .object({ rates: z.record(z.string(), z.number()) })
      .parse((await first.post({ trading_pairs: ['ETH-BTC'] })).body)
    t.equal(rates['ETH-BTC'], ratio(eth, btc))
  })

  await t.test('one rate, by every name of the route', async (t) => {
    for (const each of [
      '/rate/BTC-USDT',
      '/rate-async/BTC-USDT',
      '/rate?trading_pair=BTC-USDT',
      '/rate?base=BTC&quote=USDT',
    ]) {
      t.same(await second.get(each), single('BTC-USDT', btc, 'simulator'), each)
    }
    t.same(contractProblems('get', '/rate-oracle/rate/{trading_pair}', (await first.get('/rate/NO-PE')).body), [])
    t.same(await first.get('/rate/NO-PE'), single('NO-PE', null, 'simulator'))
    t.same(await first.get('/rate-async/NO-PE'), single('NO-PE', null, 'simulator'))
  })

  await t.test('a malformed pair is refused with the value and the form', async (t) => {
    for (const route of ['/rate/', '/rate-async/', '/rate?trading_pair=']) {
      for (const pair of ['BTCUSDT', 'BTC-', '-', 'A-B-C', "it's"]) {
        const quoted = pair.includes("'") ? `"${pair}"` : `'${pair}'`
        t.same(
          await first.get(route + encodeURIComponent(pair)),
          {
            status: 400,
            body: { detail: `Invalid trading pair format ${quoted}. Expected format: BASE-QUOTE (e.g., BTC-USDT)` },
          },
          route + pair,
        )
      }
    }
    const missing = (name: string) => ({
      status: 422,
      body: { detail: [{ type: 'missing', loc: ['query', name], msg: 'Field required', input: null }] },
    })
    t.same(await first.get('/rate'), missing('trading_pair'))
    t.same(await first.get('/rate?base=BTC'), missing('quote'))
    t.same(await first.get('/rate?quote=BTC'), missing('base'))
    t.same(await first.post({}), {
      status: 422,
      body: { detail: [{ type: 'missing', loc: ['body', 'trading_pairs'], msg: 'Field required', input: {} }] },
    })
  })

  await t.test('a change on one replica holds on the other with the next request', async (t) => {
    const { status, body } = await first.put({
      rate_oracle_source: { name: 'binance' },
      global_token: { global_token_name: 'USDT', global_token_symbol: '$' },
    })
    t.same(contractProblems('put', '/rate-oracle/config', body), [])
    t.same(
      { status, body },
      {
        status: 200,
        body: {
          success: true,
          message:
            'rate_oracle_source updated to binance; global_token_name updated to USDT; global_token_symbol updated to $',
          config: config('binance'),
        },
      },
    )
    t.same(await second.get('/rate/BTC-USDT'), single('BTC-USDT', btc, 'binance'))
    t.same(await second.put({}), {
      status: 200,
      body: { success: true, message: 'No changes made', config: config('binance') },
    })
    t.same(await second.put({ rate_oracle_source: { name: 'nope' } }), {
      status: 400,
      body: { detail: `Invalid rate oracle source: nope. Available sources: ${available}` },
    })
    t.match(await first.get('/config'), { body: config('binance') })
  })

  await t.test('an omitted symbol becomes $ again', async (t) => {
    await second.put({ global_token: { global_token_name: 'EUR', global_token_symbol: '€' } })
    t.match(await first.get('/config'), { body: config('binance', 'EUR', '€') })
    t.same(await first.put({ global_token: { global_token_name: 'USDC' } }), {
      status: 200,
      body: {
        success: true,
        message: 'global_token_name updated to USDC; global_token_symbol updated to $',
        config: config('binance', 'USDC'),
      },
    })
    t.same((await pricesOf(second)).quote_token, 'USDC')
    t.same(await first.put({ rate_oracle_source: {}, global_token: {} }), {
      status: 200,
      body: {
        success: true,
        message:
          'rate_oracle_source updated to gate_io; global_token_name updated to USDT; global_token_symbol updated to $',
        config: config('gate_io'),
      },
    })
  })

  await t.test('a source that is away, silent or impossible answers without rates', async (t) => {
    for (const name of ['gate_io', 'kucoin', 'aevo_perpetual']) {
      t.equal((await first.put({ rate_oracle_source: { name } })).status, 200, name)
      for (const each of [first, second]) {
        t.same((await each.get('/prices')).body, { source: name, quote_token: 'USDT', prices_count: 0, prices: {} })
        t.same(await each.get('/rate/BTC-USDT'), single('BTC-USDT', null, name))
        t.same(await each.get('/rate-async/BTC-USDT'), single('BTC-USDT', null, name))
        t.same((await each.post({ trading_pairs: ['BTC-USDT'] })).body, {
          source: name,
          quote_token: 'USDT',
          rates: { 'BTC-USDT': null },
        })
      }
    }
  })

  await t.test('where the source knows nothing, a book that is live on any replica does', async (t) => {
    const response = await fetch(`${second.url}/market-data/order-book`, {
      method: 'POST',
      headers: { ...edgeHeaders, 'content-type': 'application/json' },
      body: JSON.stringify({ connector_name: 'simulator', trading_pair: 'ETH-USDT', depth: 1 }),
    })
    t.equal(response.status, 200)
    // What is live is listed once a second.
    let reply = await first.get('/rate/ETH-USDT')
    for (let tries = 0; tries < 100 && z.object({ rate: z.null() }).safeParse(reply.body).success; tries += 1) {
      await new Promise((resolve) => setTimeout(resolve, 100))
      reply = await first.get('/rate/ETH-USDT')
    }
    t.same(reply, single('ETH-USDT', eth, 'aevo_perpetual'))
    t.same(await first.get('/rate/USDT-ETH'), single('USDT-ETH', ratio(1, eth), 'aevo_perpetual'))
  })

  await t.test('price services', async (t) => {
    await first.put({ rate_oracle_source: { name: 'coin_gecko' } })
    const currencies = () => asked.filter((each) => each.includes('supported_vs_currencies')).length
    while (currencies() < 2) await new Promise((resolve) => setTimeout(resolve, 20))
    t.equal(currencies(), 2, 'the other replica asks without having been asked itself')
    t.same(await second.get('/rate/BTC-USD'), single('BTC-USD', 50_000.25, 'coin_gecko'))
    await first.put({ global_token: { global_token_name: 'EUR', global_token_symbol: '€' } })
    t.same((await pricesOf(second)).prices, { 'BTC-EUR': 45_000.5 })
    await second.put({ rate_oracle_source: { name: 'coin_cap' }, global_token: {} })
    t.same(await first.get('/rate/ETH-USDT'), single('ETH-USDT', 2_500, 'coin_cap'))
    const { rates, ...about } = ratesReply.parse(await rpc({ tradingPairs: ['ETH-USDT', 'BTC-BTC', 'NO-PE', 'x'] }))
    t.same(about, { source: 'coin_cap', quoteToken: 'USDT' })
    t.equal(rates['ETH-USDT']?.rate, '2500.000000000000000001', 'exact for other services')
    t.ok(Math.abs((rates['ETH-USDT']?.time ?? 0) - Date.now()) < 60_000)
    t.equal(rates['BTC-BTC']?.rate, '1')
    t.same([rates['NO-PE'], rates.x], [null, null])
    t.match(rpcError.parse(await rpc({ tradingPairs: 'BTC-USDT' })), { error: { kind: 'invalid' } })
  })

  await t.test('an editor changes it, too, and other keys are kept', async (t) => {
    await writeFile(path, 'mqtt_bridge:\n  mqtt_host: broker # ours\nrate_oracle_source: {name: simulator}\n')
    for (const each of [first, second]) t.same(await each.get('/rate/BTC-USDT'), single('BTC-USDT', btc, 'simulator'))
    await second.put({ global_token: { global_token_name: 'USDT' } })
    t.equal(
      await readFile(path, 'utf8'),
      'global_token:\n  global_token_name: USDT\n  global_token_symbol: $\nmqtt_bridge:\n  mqtt_host: broker # ours\nrate_oracle_source: { name: simulator }\n',
    )
  })

  await t.test('a replica that was away reads the file when it starts; one without a simulator has none', async (t) => {
    const third = await replica({ SIMULATOR_REST_URL: '', SIMULATOR_WS_URL: '' })
    await first.put({ rate_oracle_source: { name: 'binance' } })
    t.same(await third.get('/rate/BTC-USDT'), single('BTC-USDT', btc, 'binance'))
    t.same((await third.get('/sources')).body, contractSources)
    t.same(await third.put({ rate_oracle_source: { name: 'simulator' } }), {
      status: 400,
      body: {
        detail:
          "Invalid rate oracle source: simulator. Available sources: ['aevo_perpetual', 'backpack', 'binance', 'coin_gecko', 'coin_cap', 'kucoin', 'gate_io', 'coinbase_advanced_trade', 'dexalot', 'hyperliquid', 'hyperliquid_perpetual', 'architect_perpetual', 'derive', 'mexc', 'evedex_perpetual', 'pacifica_perpetual', 'decibel_perpetual']",
      },
    })
  })

  await t.test('whatever a client sends as configuration: refused or stored whole, never a broken file', async (t) => {
    const word = fc.oneof(fc.string(), fc.constantFrom('USDT', '$', 'NO', '1e5', '~', '€', '\n', '\ud800', '#', ': '))
    const anything = fc.oneof(word, fc.constant(null), fc.integer(), fc.object({ maxDepth: 1 }))
    const token = fc.record({ global_token_name: anything, global_token_symbol: anything }, { requiredKeys: [] })
    const source = fc.record({ name: fc.oneof(fc.constantFrom('aevo_perpetual', 'dexalot'), anything) })
    const request = fc.record(
      { rate_oracle_source: fc.oneof(source, anything), global_token: fc.oneof(token, anything) },
      { requiredKeys: [] },
    )
    const seen = new Set<number>()
    await fc.assert(
      fc.asyncProperty(request, async (body) => {
        const { status } = await first.put(body)
        seen.add(status)
        const stored = z.looseObject({
          global_token: z.object({ global_token_name: z.string(), global_token_symbol: z.string() }),
        })
        stored.parse(parse(await readFile(path, 'utf8'), { version: '1.1' }))
        return [200, 400, 422].includes(status) && (await second.get('/config')).status === 200
      }),
      {
        numRuns: 150,
        // One of each kind, whatever chance brings.
        examples: [
          [{ rate_oracle_source: { name: 'dexalot' } }],
          [{ rate_oracle_source: { name: 'nobody' } }],
          [{ rate_oracle_source: 5 }],
        ],
      },
    )
    t.same([...seen].sort(), [200, 400, 422])
  })

  await t.test('without the file there is no configuration to show, but there are rates', async (t) => {
    await first.put({ rate_oracle_source: { name: 'simulator' }, global_token: {} })
    t.same(await second.get('/rate/BTC-USDT'), single('BTC-USDT', btc, 'simulator'))
    await rm(path)
    const missing = {
      status: 404,
      body: { detail: 'Configuration file not found: credentials/master_account/conf_client.yml' },
    }
    t.same(await first.get('/config'), missing)
    t.same(await second.put({ rate_oracle_source: { name: 'binance' } }), missing)
    t.same(await second.put({}), missing)
    t.same(await second.get('/rate/BTC-USDT'), single('BTC-USDT', btc, 'simulator'))

    await writeFile(path, 'rate_oracle_source: [secret\n')
    t.same(await first.get('/config'), { status: 500, body: { detail: 'conf_client.yml is not valid YAML' } })
    t.same(await first.get('/rate/BTC-USDT'), single('BTC-USDT', btc, 'simulator'))
  })
})

t.test('a file that was there before is respected', async (t) => {
  const { replica, path } = await world(t)
  await mkdir(dirname(path), { recursive: true })
  const withoutSource = 'instance_id: abc\n'
  await writeFile(path, withoutSource)
  const first = await replica()
  t.match(await first.get('/config'), { status: 200, body: config('simulator') })
  const plain = await replica({ SIMULATOR_REST_URL: '', SIMULATOR_WS_URL: '' })
  t.match(await plain.get('/config'), { status: 200, body: config('gate_io') }, 'the default of the contract')
  t.equal(await readFile(path, 'utf8'), withoutSource)

  await first.put({ rate_oracle_source: { name: 'kucoin' } })
  t.same(parse(await readFile(path, 'utf8')), { instance_id: 'abc', rate_oracle_source: { name: 'kucoin' } })
  t.match(await first.put({ rate_oracle_source: { name: 'simulator' } }), {
    body: { message: 'rate_oracle_source updated to simulator', config: config('simulator') },
  })
  t.equal(await readFile(path, 'utf8'), withoutSource)
})

t.test('without a simulator a first start has the default of the contract', async (t) => {
  const { replica, path } = await world(t)
  await replica({ SIMULATOR_REST_URL: '', SIMULATOR_WS_URL: '' })
  t.same(parse(await readFile(path, 'utf8')), config('gate_io'))
})
