import type { ConnectorPair, TrailingStop, TripleBarrier } from '../executors/executor-config.ts'
import type { Side } from '../executors/side.ts'
import {
  blankAs,
  decimal,
  integer,
  is,
  isObject,
  type Kind,
  listOf,
  optional,
  orderType,
  REFUSED,
  side,
  text,
} from './fields-kinds.ts'

/** A part of a model; what it is when it is left out, or that it must be given. */
export interface Part<T> {
  readonly kind: Kind<T>
  readonly otherwise?: unknown
}

export type Parts = Readonly<Record<string, Part<unknown>>>
type Model<P extends Parts> = { readonly [K in keyof P]: P[K] extends Part<infer T> ? T : never }

const isModel = <P extends Parts>(parts: P, value: Readonly<Record<string, unknown>>): value is Model<P> =>
  Object.keys(parts).every((name) => is(value[name]))

/** An object of named parts. Names that it does not know are passed over, as they always were inside of a field. */
export const model = <P extends Parts>(type: string, parts: P): Kind<Model<P>> => ({
  type,
  parse: (input, refuse) => {
    if (!isObject(input))
      return refuse({
        type: 'model_type',
        msg: `Input should be a valid dictionary or instance of ${type.split('.').at(-1)}`,
        ctx: { class_name: type.split('.').at(-1) },
      })
    const value = Object.fromEntries(
      Object.entries(parts).map(([name, part]) => {
        const given = input[name] === undefined ? part.otherwise : input[name]
        return [
          name,
          given === undefined
            ? refuse({ type: 'missing', msg: 'Field required' }, [name])
            : part.kind.parse(given, (why, path = []) => refuse(why, [name, ...path])),
        ]
      }),
    )
    return isModel(parts, value) ? value : REFUSED
  },
})

export const connectorPair: Kind<ConnectorPair> = model('ConnectorPair', {
  connector_name: { kind: text },
  trading_pair: { kind: text },
})

const trailingParts = model('position_executor.TrailingStop', {
  activation_price: { kind: decimal },
  trailing_delta: { kind: decimal },
})

/** `activation,delta`, or an object of both; null or an empty text: none. */
export const trailingStop: Kind<TrailingStop | null> = optional({
  type: trailingParts.type,
  parse: (input, refuse) => {
    if (typeof input !== 'string') return trailingParts.parse(input, refuse)
    const [activation_price, trailing_delta, ...more] = input.split(',')
    if (trailing_delta === undefined || more.length > 0)
      return refuse({ type: 'value_error', msg: "Value error, a trailing stop is 'activation,delta'" })
    return trailingParts.parse({ activation_price, trailing_delta }, (why) => refuse(why))
  },
})

export const tripleBarrier: Kind<TripleBarrier> = model('position_executor.TripleBarrierConfig', {
  stop_loss: { kind: optional(decimal), otherwise: null },
  take_profit: { kind: optional(decimal), otherwise: null },
  time_limit: { kind: optional(integer), otherwise: null },
  trailing_stop: { kind: trailingStop, otherwise: null },
  open_order_type: { kind: orderType, otherwise: 'LIMIT' },
  take_profit_order_type: { kind: orderType, otherwise: 'MARKET' },
  stop_loss_order_type: { kind: orderType, otherwise: 'MARKET' },
  time_limit_order_type: { kind: orderType, otherwise: 'MARKET' },
})

export interface InitialPosition extends ConnectorPair {
  readonly amount: number
  readonly side: Side
}

export const initialPositions: Kind<readonly InitialPosition[]> = listOf(
  model('hummingbot.strategy_v2.models.position_config.InitialPositionConfig', {
    connector_name: { kind: text },
    trading_pair: { kind: text },
    amount: { kind: decimal },
    side: { kind: side },
  }),
)

export interface ConfiguredCandles {
  readonly connector: string
  readonly trading_pair: string
  readonly interval: string
  readonly max_records: number
}

const configuredCandles = model('hummingbot.data_feed.candles_feed.CandlesConfig', {
  connector: { kind: text },
  trading_pair: { kind: text },
  interval: { kind: blankAs('1m', text), otherwise: '1m' },
  max_records: { kind: integer, otherwise: 500 },
})

/** A list of series, or `connector.pair.interval.rows` of each, colons between them. */
export const candlesConfig: Kind<readonly ConfiguredCandles[]> = {
  type: `List[${configuredCandles.type}]`,
  parse: (input, refuse) => {
    if (typeof input !== 'string' || input === '') return listOf(configuredCandles).parse(input, refuse)
    const series = input.split(':').map((one) => {
      const [connector, trading_pair, interval, max_records] = one.split('.')
      return { connector, trading_pair, interval, max_records }
    })
    return listOf(configuredCandles).parse(series, refuse)
  },
}
