import t from 'tap'
import { z } from 'zod'
import { exactOf } from '../numbers/exact.ts'
import { controllerConfig, type Field, field, GENERIC, required, UPDATABLE } from './fields.ts'
import { MARKET_MAKING } from './fields-bases.ts'
import {
  blankAs,
  bool,
  byName,
  decimal,
  exactDecimal,
  float,
  integer,
  interval,
  listOf,
  oneOf,
  optional,
  orderType,
  positionMode,
  positionSide,
  side,
  text,
  textOrNull,
} from './fields-kinds.ts'
import { candlesConfig, connectorPair, initialPositions, trailingStop, tripleBarrier } from './fields-models.ts'

const none = Symbol('refused')

const parsed = (of: Field<unknown>, input: unknown): unknown => {
  const result = of.safeParse(input)
  return result.success ? result.data : none
}

const TAKEN: readonly (readonly [string, Field<unknown>, unknown, unknown])[] = [
  ['text', required(text), 'x', 'x'],
  ['a text left out', field(textOrNull, null), '', null],
  ['an integer', required(integer), 5, 5],
  ['an integer as text', required(integer), ' 1_000 ', 1000],
  ['an integer with nothing behind the point', required(integer), '5.0', 5],
  ['an interval', required(interval), '15m', '15m'],
  ['a float as text', required(float), '1e-3', 0.001],
  ['a decimal as text', required(decimal), '0.03', 0.03],
  ['a decimal as number', required(decimal), 0.03, 0.03],
  ['a decimal that a double cannot say', required(exactDecimal), '0.1', exactOf('0.1')],
  ['a number stands for the text it is written as', required(exactDecimal), 0.1, exactOf('0.1')],
  ['a digit beyond what a double has', required(exactDecimal), '1.00000000000000000001', { hi: 1, lo: 1e-20 }],
  ['an optional one', required(optional(decimal)), '', null],
  ['an optional one', required(optional(integer)), null, null],
  ['a bool', required(bool), 'Yes', true],
  ['a bool', required(bool), 0, false],
  ['a bool left out', required(blankAs(false, bool)), null, false],
  ['a list in a text', required(listOf(float)), '0.01, 0.02', [0.01, 0.02]],
  ['a list of one number', required(listOf(float)), 0.5, [0.5]],
  ['a list', required(listOf(decimal)), ['1', 2], [1, 2]],
  ['no list', required(listOf(decimal)), null, []],
  ['no list', required(listOf(decimal)), '', []],
  ['no list, which is not an empty one', required(optional(listOf(decimal))), '', null],
  ['a side', required(side), 1, 'BUY'],
  ['a side', required(side), '2', 'SELL'],
  ['a side', required(side), 'TradeType.sell', 'SELL'],
  ['a side by its position', required(positionSide), 'short', 'SELL'],
  ['an order type', required(orderType), 3, 'LIMIT_MAKER'],
  ['an order type', required(orderType), 'OrderType.limit', 'LIMIT'],
  ['no order type', required(orderType), null, 'MARKET'],
  ['a position mode', required(positionMode), 'PositionMode.OneWay', 'ONEWAY'],
  ['a word', required(oneOf('a', 'b')), 'b', 'b'],
  ['names', required(byName(decimal)), { SOL: '0.5' }, { SOL: 0.5 }],
  ['a trailing stop', required(trailingStop), '0.015,0.005', { activation_price: 0.015, trailing_delta: 0.005 }],
  [
    'a trailing stop',
    required(trailingStop),
    { activation_price: '0.1', trailing_delta: 0.2 },
    { activation_price: 0.1, trailing_delta: 0.2 },
  ],
  ['no trailing stop', required(trailingStop), '', null],
  [
    'barriers, those left out as the original has them',
    required(tripleBarrier),
    { take_profit: '0.003', open_order_type: 3 },
    {
      stop_loss: null,
      take_profit: 0.003,
      time_limit: null,
      trailing_stop: null,
      open_order_type: 'LIMIT_MAKER',
      take_profit_order_type: 'MARKET',
      stop_loss_order_type: 'MARKET',
      time_limit_order_type: 'MARKET',
    },
  ],
  [
    'a position to begin with',
    required(initialPositions),
    [{ connector_name: 'a', trading_pair: 'b-c', amount: '1.5', side: 'sell', note: 'passed over' }],
    [{ connector_name: 'a', trading_pair: 'b-c', amount: 1.5, side: 'SELL' }],
  ],
  [
    'series in a text',
    required(candlesConfig),
    'binance.BTC-USDT.1m.100:kucoin.ETH-USDT',
    [
      { connector: 'binance', trading_pair: 'BTC-USDT', interval: '1m', max_records: 100 },
      { connector: 'kucoin', trading_pair: 'ETH-USDT', interval: '1m', max_records: 500 },
    ],
  ],
]

const REFUSED: readonly (readonly [Field<unknown>, unknown, string, (string | number)[], string])[] = [
  [required(text), undefined, 'missing', [], 'Field required'],
  [required(text), 5, 'string_type', [], 'Input should be a valid string'],
  [
    required(integer),
    2.5,
    'int_from_float',
    [],
    'Input should be a valid integer, got a number with a fractional part',
  ],
  [required(integer), 'a', 'int_parsing', [], 'Input should be a valid integer, unable to parse string as an integer'],
  [required(integer), null, 'int_type', [], 'Input should be a valid integer'],
  [
    required(integer),
    '9007199254740993',
    'int_parsing_size',
    [],
    'Unable to parse input string as an integer, exceeded maximum size',
  ],
  [required(integer, { gt: 0 }), 0, 'greater_than', [], 'Input should be greater than 0'],
  [required(decimal, { ge: 0 }), '-0.1', 'greater_than_equal', [], 'Input should be greater than or equal to 0'],
  [required(exactDecimal, { le: 1 }), '1.1', 'less_than_equal', [], 'Input should be less than or equal to 1'],
  [required(float, { lt: 1 }), 1, 'less_than', [], 'Input should be less than 1'],
  [required(float), Number.NaN, 'finite_number', [], 'Input should be a finite number'],
  [required(decimal), 'nan', 'finite_number', [], 'Input should be a finite number'],
  [required(decimal), '1e999', 'finite_number', [], 'Input should be a finite number'],
  [required(decimal), '0x10', 'decimal_parsing', [], 'Input should be a valid decimal'],
  [required(decimal), true, 'decimal_type', [], 'Decimal input should be an integer, float, string or Decimal object'],
  [required(bool), 'perhaps', 'bool_parsing', [], 'Input should be a valid boolean, unable to interpret input'],
  [required(listOf(float)), { a: 1 }, 'list_type', [], 'Input should be a valid list'],
  [
    required(listOf(float)),
    '1,a,2',
    'float_parsing',
    [1],
    'Input should be a valid number, unable to parse string as a number',
  ],
  [required(side), 3, 'enum', [], "Input should be 'BUY' or 'SELL'"],
  [required(side), 'toString', 'enum', [], "Input should be 'BUY' or 'SELL'"],
  [required(orderType), 'STOP', 'enum', [], "Input should be 'MARKET', 'LIMIT' or 'LIMIT_MAKER'"],
  [required(trailingStop), '0.1', 'value_error', [], "Value error, a trailing stop is 'activation,delta'"],
  [required(byName(decimal)), { A: 'x' }, 'decimal_parsing', ['A'], 'Input should be a valid decimal'],
  [required(connectorPair), { connector_name: 'a' }, 'missing', ['trading_pair'], 'Field required'],
  [
    required(initialPositions),
    [{ connector_name: 'a', trading_pair: 'b', amount: 'x', side: 1 }],
    'decimal_parsing',
    [0, 'amount'],
    'Input should be a valid decimal',
  ],
  [
    required(interval),
    '5 minutes',
    'value_error',
    [],
    "Value error, an interval is a number and one of s, m, h, d, w and M: '5m'",
  ],
  [required(oneOf('a', 'b', 'c')), 'd', 'literal_error', [], "Input should be 'a', 'b' or 'c'"],
]

t.test('what a field takes', async (t) => {
  for (const [what, of, input, expected] of TAKEN) t.strictSame(parsed(of, input), expected, what)
})

t.test('what a field refuses, where, and in which words', async (t) => {
  for (const [of, input, type, path, msg] of REFUSED) {
    const issues = of.safeParse(input).error?.issues ?? []
    t.match(issues, [{ code: 'custom', path, message: msg, params: { type } }], `${String(input)}: ${msg}`)
    t.equal(issues.length, 1)
  }
})

t.test('a default is parsed like any other value', async (t) => {
  t.strictSame(field(listOf(float), '0.01,0.02').parse(undefined), [0.01, 0.02])
  t.equal(field(positionMode, 'PositionMode.HEDGE').parse(undefined), 'HEDGE')
})

t.test('a configuration', async (t) => {
  const schema = controllerConfig(
    'mine',
    GENERIC,
    { depth: field(integer, 3, { ...UPDATABLE, gt: 0 }) },
    ({ depth }) => (depth === 13 ? [{ field: 'depth', why: 'thirteen is not for me' }] : []),
  )

  t.test('has what is common to all, then its own', async (t) => {
    t.strictSame(schema.parse({ id: 'a' }), {
      id: 'a',
      controller_name: 'mine',
      controller_type: 'generic',
      total_amount_quote: 100,
      manual_kill_switch: false,
      initial_positions: [],
      depth: 3,
    })
  })

  t.test('without a name has its controller’s', async (t) => {
    t.equal(schema.parse({ id: '' }).id, 'mine')
  })

  t.test('tells of everything that is wrong at once', async (t) => {
    const issues = schema.safeParse({ depth: 0, controller_type: 'market_making', dpeth: 1 }).error?.issues ?? []
    t.strictSame(
      issues.map(({ path, message }) => `${path.join('.')}: ${message}`),
      [
        'id: Field required',
        "controller_type: Input should be 'generic'",
        'depth: Input should be greater than 0',
        'dpeth: Extra inputs are not permitted',
      ],
    )
  })

  t.test('tells what does not go together once each field is right', async (t) => {
    const issues = schema.safeParse({ id: 'a', depth: 13 }).error?.issues ?? []
    t.match(issues, [
      { path: ['depth'], message: 'Value error, thirteen is not for me', params: { type: 'value_error' } },
    ])
  })

  t.test('is an object', async (t) => {
    t.match(schema.safeParse('id: a').error?.issues, [{ path: [], params: { type: 'dict_type' } }])
    t.match(schema.safeParse(['a']).error?.issues, [{ path: [], params: { type: 'dict_type' } }])
  })

  t.test('may be part of another schema', async (t) => {
    const request = z.object({ config: schema })
    t.match(request.safeParse({ config: { id: 'a', x: 1 } }).error?.issues, [
      { path: ['config', 'x'], message: 'Extra inputs are not permitted', params: { type: 'extra_forbidden' } },
    ])
  })
})

t.test('market makers have an amount for each spread, or none', async (t) => {
  const schema = controllerConfig('maker', MARKET_MAKING, {})
  t.strictSame(schema.parse({ id: 'a', buy_amounts_pct: '' }).buy_amounts_pct, null)
  t.strictSame(schema.parse({ id: 'a', buy_amounts_pct: '1,2' }).buy_amounts_pct, [1, 2])
  t.match(schema.safeParse({ id: 'a', sell_spreads: '0.1', sell_amounts_pct: [1, 2] }).error?.issues, [
    {
      path: ['sell_amounts_pct'],
      message: 'Value error, the number of sell_amounts_pct must be the number of sell_spreads: 2 is not 1',
    },
  ])
})
