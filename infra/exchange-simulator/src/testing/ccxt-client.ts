import type { Test } from 'tap'
import { defaultApiKey, defaultApiSecret, type Simulator, type SimulatorOptions, startSimulator } from '../index.ts'

/** The part of ccxt's classes these tests use. */
export interface Ccxt {
  has: Record<string, unknown>
  urls: { api: Record<string, unknown> & { ws: Record<string, unknown> } }
  loadHttpProxyAgent(): Promise<unknown>
  loadMarkets(): Promise<Record<string, unknown>>
  [method: string]: unknown
}
export interface CcxtOrder {
  readonly id: string
  readonly status: string
  readonly filled: string
  readonly clientOrderId: string
  readonly average: string
}

const ccxtClass = async (name: 'binance' | 'binanceusdm'): Promise<new (options: object) => Ccxt> => {
  const { default: found } = (await import(new URL(`./src/pro/${name}.js`, import.meta.resolve('ccxt')).href)) as {
    default: new (options: object) => Ccxt
  }
  return found
}

export const connect = async (
  name: 'binance' | 'binanceusdm',
  { restUrl, wsUrl }: Simulator,
  extra: object = {},
): Promise<Ccxt> => {
  const types = name === 'binance' ? ['spot'] : ['linear']
  const exchange = new (await ccxtClass(name))({
    apiKey: defaultApiKey,
    secret: defaultApiSecret,
    enableRateLimit: false,
    number: String,
    options: { fetchMargins: false, fetchMarkets: { types } },
    ...extra,
  })
  exchange.has['fetchCurrencies'] = false
  Object.assign(exchange.urls.api, {
    public: `${restUrl}/api/v3`,
    private: `${restUrl}/api/v3`,
    sapi: `${restUrl}/sapi/v1`,
  })
  for (const version of [1, 2, 3]) {
    const suffix = version === 1 ? '' : `V${version}`
    exchange.urls.api[`fapiPublic${suffix}`] = `${restUrl}/fapi/v${version}`
    exchange.urls.api[`fapiPrivate${suffix}`] = `${restUrl}/fapi/v${version}`
  }
  Object.assign(exchange.urls.api.ws, {
    spot: `${wsUrl}/stream/ws`,
    future: `${wsUrl}/fapi-ws/ws`,
    'ws-api': { spot: `${wsUrl}/ws-api/v3`, future: `${wsUrl}/ws-fapi/v1` },
  })
  await exchange.loadHttpProxyAgent()
  return exchange
}

export const ask = async <T>(exchange: Ccxt, method: string, ...args: unknown[]): Promise<T> => {
  const call = exchange[method]
  if (typeof call !== 'function') throw new TypeError(`ccxt has no ${method}`)
  return (await call.apply(exchange, args)) as T
}

export const start = async (t: Test, options: SimulatorOptions = {}): Promise<Simulator> => {
  const simulator = await startSimulator(options)
  t.teardown(() => simulator.close())
  return simulator
}
export const client = async (
  t: Test,
  name: 'binance' | 'binanceusdm',
  simulator: Simulator,
  extra?: object,
): Promise<Ccxt> => {
  const exchange = await connect(name, simulator, extra)
  t.teardown(() => ask(exchange, 'close'))
  await exchange.loadMarkets()
  return exchange
}
export const control = async <T>({ controlUrl }: Simulator, path: string, body?: object): Promise<T> => {
  const reply = await fetch(`${controlUrl}/${path}`, body ? { method: 'POST', body: JSON.stringify(body) } : {})
  if (reply.status !== 200) throw new Error(await reply.text())
  return (await reply.json()) as T
}
export interface LedgerView {
  readonly requests: { readonly clientOrderId: string; readonly count: number; readonly accepted: number }[]
  readonly accounts: Record<string, { readonly spot: Record<string, { free: string; locked: string }> }>
}

export const listenKey = async ({ restUrl }: Simulator, path: string): Promise<string> => {
  const reply = await fetch(`${restUrl}${path}`, {
    method: 'POST',
    headers: { 'x-mbx-apikey': defaultApiKey },
  })
  return ((await reply.json()) as { listenKey: string }).listenKey
}
