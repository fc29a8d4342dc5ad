import { Decimal } from 'decimal.js'

export type Market = 'spot' | 'futures'

/** Exact arithmetic: enough digits for every product, and truncation where a division does not end. */
export const Exact = Decimal.clone({ precision: 60, rounding: Decimal.ROUND_DOWN, toExpNeg: -40, toExpPos: 40 })
export type Exact = Decimal
export const zero = new Exact(0)

export interface Instrument {
  readonly key: string
  readonly market: Market
  readonly symbol: string
  readonly base: string
  readonly quote: string
  /** File under `data/` whose candles are replayed, and the factor its prices are multiplied by (volumes divided). */
  readonly series: string
  readonly scale: number
  readonly tickSize: string
  readonly stepSize: string
  readonly priceDecimals: number
  readonly quantityDecimals: number
  readonly maxQuantity: string
  readonly minNotional: string
  /** Distance of two levels of the synthetic book in ticks, and the largest quantity of a level in lots. */
  readonly levelTicks: number
  readonly levelLots: number
  readonly makerFee: string
  readonly takerFee: string
}

const btc = 'bybit_BTC_USDT_1m_2022-12-13.csv.gz'
const eth = 'coinbase_ETH_USD_1m_2018-04-04.csv.gz'
const ada = 'binance_perp_ADA_USDT_1m_2022-12-13.csv.gz'

interface Listing {
  readonly base: string
  readonly series: string
  readonly scale?: number
  readonly priceDecimals: number
  readonly quantityDecimals: number
  readonly maxQuantity: string
  readonly levelTicks: number
  readonly levelLots: number
}

const listing =
  (market: Market) =>
  (of: Listing): Instrument => ({
    key: `${market}:${of.base}USDT`,
    market,
    symbol: `${of.base}USDT`,
    base: of.base,
    quote: 'USDT',
    series: of.series,
    scale: of.scale ?? 1,
    tickSize: new Exact(10).pow(-of.priceDecimals).toFixed(),
    stepSize: new Exact(10).pow(-of.quantityDecimals).toFixed(),
    priceDecimals: of.priceDecimals,
    quantityDecimals: of.quantityDecimals,
    maxQuantity: of.maxQuantity,
    minNotional: '5',
    levelTicks: of.levelTicks,
    levelLots: of.levelLots,
    makerFee: market === 'spot' ? '0.001' : '0.0002',
    takerFee: market === 'spot' ? '0.001' : '0.0005',
  })

const spot = listing('spot')
const futures = listing('futures')

export const instruments: readonly Instrument[] = [
  spot({
    base: 'BTC',
    series: btc,
    priceDecimals: 2,
    quantityDecimals: 5,
    maxQuantity: '9000',
    levelTicks: 50,
    levelLots: 150_000,
  }),
  spot({
    base: 'ETH',
    series: eth,
    priceDecimals: 2,
    quantityDecimals: 4,
    maxQuantity: '9000',
    levelTicks: 5,
    levelLots: 300_000,
  }),
  spot({
    base: 'BNB',
    series: ada,
    scale: 1000,
    priceDecimals: 1,
    quantityDecimals: 3,
    maxQuantity: '90000',
    levelTicks: 1,
    levelLots: 60_000,
  }),
  spot({
    base: 'ADA',
    series: ada,
    priceDecimals: 4,
    quantityDecimals: 1,
    maxQuantity: '900000',
    levelTicks: 1,
    levelLots: 800_000,
  }),
  futures({
    base: 'BTC',
    series: btc,
    priceDecimals: 1,
    quantityDecimals: 3,
    maxQuantity: '1000',
    levelTicks: 5,
    levelLots: 2_500,
  }),
  futures({
    base: 'ETH',
    series: eth,
    priceDecimals: 2,
    quantityDecimals: 3,
    maxQuantity: '10000',
    levelTicks: 5,
    levelLots: 40_000,
  }),
  futures({
    base: 'ADA',
    series: ada,
    priceDecimals: 4,
    quantityDecimals: 0,
    maxQuantity: '2000000',
    levelTicks: 1,
    levelLots: 100_000,
  }),
]

const byKey = new Map(instruments.map((instrument) => [instrument.key, instrument]))

export const findInstrument = (market: Market, symbol: string): Instrument | undefined =>
  byKey.get(`${market}:${symbol}`)

/** An integer count of `10^-decimals` as text with exactly `width` decimals. */
export const scaled = (count: number | bigint, decimals: number, width = 8): string => {
  const digits = String(count).padStart(decimals + 1, '0')
  const whole = digits.slice(0, digits.length - decimals)
  const fraction = decimals === 0 ? '' : digits.slice(-decimals)
  return width === 0 ? whole : `${whole}.${fraction.padEnd(width, '0')}`
}

/** Price text of an instrument: eight decimals on spot, its own on futures, as Binance prints them. */
export const priceText = (instrument: Instrument, ticks: number): string =>
  scaled(ticks, instrument.priceDecimals, instrument.market === 'spot' ? 8 : instrument.priceDecimals)
export const quantityText = (instrument: Instrument, lots: number): string =>
  scaled(lots, instrument.quantityDecimals, instrument.market === 'spot' ? 8 : instrument.quantityDecimals)
export const amountText = (instrument: Instrument, product: number | bigint): string =>
  scaled(
    product,
    instrument.priceDecimals + instrument.quantityDecimals,
    instrument.market === 'spot' ? 8 : instrument.priceDecimals + instrument.quantityDecimals,
  )

export const priceOf = (instrument: Instrument, ticks: number): Exact =>
  new Exact(scaled(ticks, instrument.priceDecimals, instrument.priceDecimals))
export const quantityOf = (instrument: Instrument, lots: number): Exact =>
  new Exact(scaled(lots, instrument.quantityDecimals, instrument.quantityDecimals))
export const ticksOf = (instrument: Instrument, price: Exact | string): number =>
  new Exact(price).div(instrument.tickSize).toNumber()
export const lotsOf = (instrument: Instrument, quantity: Exact | string): number =>
  new Exact(quantity).div(instrument.stepSize).toNumber()
