import { ORDER_TYPES } from '../executors/order-type.ts'
import { type ControllerSchema, type FieldMeta, fieldsOf } from './fields.ts'
import { isObject, REFUSED } from './fields-kinds.ts'
import { connectorPair, tripleBarrier } from './fields-models.ts'

/** A field of a configuration template, in the words of the REST API. */
export interface TemplateField {
  /** What stands there when nothing is given; a text for what JSON cannot say. */
  readonly default: unknown
  /** The text of a Python annotation. */
  readonly type: string
  /** Always false: the API has never told which fields must be given. */
  readonly required: false
}

const NAMES: Readonly<Record<string, string>> = {
  Decimal: 'decimal.Decimal',
  OrderType: 'hummingbot.core.data_type.common.OrderType',
  ConnectorPair: 'hummingbot.strategy_v2.executors.data_types.ConnectorPair',
  'position_executor.TrailingStop': 'hummingbot.strategy_v2.executors.position_executor.data_types.TrailingStop',
  'position_executor.TripleBarrierConfig':
    'hummingbot.strategy_v2.executors.position_executor.data_types.TripleBarrierConfig',
  'hummingbot.data_feed.candles_feed.CandlesConfig': 'hummingbot.data_feed.candles_feed.data_types.CandlesConfig',
  'controllers.generic.multi_grid_strike.GridConfig': 'bots.controllers.generic.multi_grid_strike.GridConfig',
}

const ENUMERATIONS = new Set(['OrderType', 'PositionMode', 'TradeType'])

const annotation = (type: string): string => {
  const [, outer, inner] = /^(Optional|List)\[(.*)\]$/.exec(type) ?? []
  if (outer !== undefined && inner !== undefined) return `typing.${outer}[${annotation(inner)}]`
  const [, value] = /^Dict\[str, (.*)\]$/.exec(type) ?? []
  return value === undefined ? (NAMES[type] ?? type) : `typing.Dict[str, ${annotation(value)}]`
}

const typeText = (type: string): string => {
  if (ENUMERATIONS.has(type)) return `<enum '${type}'>`
  return type.endsWith(']') ? annotation(type) : `<class '${annotation(type)}'>`
}

const memberText = (name: string, value: unknown): string => {
  if (value === null) return `${name}=None`
  if (typeof value === 'number') return `${name}=Decimal('${value}')`
  const number = new Map<unknown, number>(Object.entries(ORDER_TYPES)).get(value)
  return number === undefined ? `${name}='${value}'` : `${name}=<OrderType.${value}: ${number}>`
}

const MODELS = new Set([connectorPair.type, tripleBarrier.type])

const defaultText = ({ type, ...meta }: FieldMeta): unknown => {
  if (meta.hidden || meta.default === undefined) return 'PydanticUndefined'
  const whole = type === tripleBarrier.type ? tripleBarrier.parse(meta.default, () => REFUSED) : meta.default
  return MODELS.has(type) && isObject(whole)
    ? Object.entries(whole)
        .map(([name, value]) => memberText(name, value))
        .join(' ')
    : whole
}

/** What a configuration of a controller can hold: for each field its default and its type. */
export const template = <C>(schema: ControllerSchema<C>): Readonly<Record<string, TemplateField>> =>
  Object.fromEntries(
    Object.entries(fieldsOf(schema) ?? {}).map(([name, meta]) => [
      name,
      { default: defaultText(meta), type: typeText(meta.type), required: false },
    ]),
  )
