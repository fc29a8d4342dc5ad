import fc from 'fast-check'
import t from 'tap'
import { hasField, type Parameters, withParameters } from './field-path.ts'
import { generatorOf } from './generator.ts'
import { randomPoint } from './random.ts'
import { SearchRefused } from './refused.ts'
import { searchOf } from './search.ts'
import {
  combinations,
  MOST_FIELDS,
  MOST_TOGETHER,
  MOST_VALUES,
  parametersAt,
  parseSpace,
  pointOf,
  type Space,
} from './space.ts'

const flawsOf = (asked: Readonly<Record<string, unknown>>): readonly string[] => {
  try {
    parseSpace(asked)
  } catch (error) {
    if (error instanceof SearchRefused) return error.flaws.map(({ path, says }) => `${path.join('/')}: ${says}`)
    throw error
  }
  return []
}

t.test('what is wrong with a space is said with the name of the field, all of it at once', async (t) => {
  t.same(
    flawsOf({
      bb_length: [],
      bb_std: { min: 3, max: 1 },
      'trailing_stop.trailing_delta': { min: 0, max: 1, scale: 'log' },
      cooldown_time: { min: 0, max: 1e9, step: 1 },
      take_profit: 0.01,
      stop_loss: { min: 0.01, to: 0.1 },
      leverage: [1, 2, 1],
      'a..b': [1],
    }),
    [
      'bb_length: lists no value to try',
      'bb_std/max: 1 is below min, which is 3',
      'trailing_stop.trailing_delta/min: a log scale has no 0: it begins above 0',
      `cooldown_time/step: makes 1000000001 values; ${MOST_VALUES} are the most`,
      'take_profit: is neither a list of values nor a range {min, max}',
      'stop_loss/max: is missing; a range has min and max, both of them finite numbers',
      'stop_loss: has no to; a range has min, max, step, count, scale',
      'leverage: lists a value twice',
      'a..b: is no name of a field',
    ],
  )
  t.same(flawsOf({}), [': names no field to search'])
  t.same(flawsOf({ x: { min: 1, max: 2, step: 1, count: 2 } }), ['x/count: give either step or count'])
})

t.test('each mistake in a range is said once, in plain words', async (t) => {
  const said = (x: object) => flawsOf({ x: { min: 1, max: 2, ...x } })
  t.same(said({ min: '1', max: null }), ['x/min: is no finite number', 'x/max: is no finite number'])
  t.same(said({ max: Infinity }), ['x/max: is no finite number'])
  t.same(said({ step: 'small' }), ['x/step: is no finite number'])
  for (const step of [0, -1]) t.same(said({ step }), ['x/step: is not above 0, as a step must be'])
  for (const count of [0, 1.5, 1e9, '3', Infinity])
    t.same(said({ count }), [`x/count: is no whole number from 2 to ${MOST_VALUES}`])
  t.same(said({ scale: 'cubic' }), ['x/scale: is neither linear nor log'])
  t.same(said({ step: 1e-320 }), [`x/step: makes no end of values; ${MOST_VALUES} are the most`])
  t.same(said({ min: -1e308, max: 1e308, step: 1 }), ['x/max: 1e+308 is too far from min, which is -1e+308'])
  t.same(flawsOf({ x: {} }).length, 2)
})

t.test('of too many fields nothing is read, and nothing else is said', async (t) => {
  let reads = 0
  const asked = Object.defineProperties(
    {},
    Object.fromEntries(
      Array.from({ length: 3_000 }, (_, index) => {
        const get = () => {
          reads += 1
          return [index]
        }
        return [`nonsense.${index}..`, { enumerable: true, get }]
      }),
    ),
  )
  t.same(flawsOf(asked), [`: names 3000 fields; ${MOST_FIELDS} are the most`])
  t.equal(reads, 0)
})

t.test('values of all fields together are bounded, before any is made', async (t) => {
  const fields = (count: number, given: unknown) =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`x${index}`, given]))
  const says = `: has 60000 values over all fields; ${MOST_TOGETHER} are the most`
  t.same(flawsOf(fields(6, { min: 1, max: 10_000, step: 1 })), [says])
  t.same(flawsOf(fields(6, { min: 1, max: 2, count: 10_000 })), [says])
  t.same(flawsOf(fields(6, [...Array(10_000).keys()])), [says])
  t.same(flawsOf({ ...fields(4, { min: 1, max: 10_000, step: 1 }), ...fields(5, { min: 1, max: 2 }) }), [])
})

t.test('a choice is found by the JSON it had when the space was read', async (t) => {
  let texts = 0
  const choice = (name: string) => ({
    toJSON: () => {
      texts += 1
      return name
    },
  })
  const space = parseSpace({ x: Array.from({ length: 1_000 }, (_, index) => choice(`v${index}`)) })
  texts = 0
  t.same(pointOf(space, { x: 'v999' }), [999])
  t.same(pointOf(space, { x: 'v0' }), [0])
  t.equal(texts, 0, 'no choice is written again')
  t.same(pointOf(parseSpace({ x: [[1, 2], { a: 1 }, null, 'null'] }), { x: null }), [2])
})

t.test('numbers in a list lie in the order of their size', async (t) => {
  t.match(parseSpace({ x: [30, -1, 7] }), [{ kind: 'steps', values: [30, -1, 7], places: [1, 0, 0.5] }])
})

t.test('a field inside another cannot be searched beside it', async (t) => {
  t.same(flawsOf({ 'buy_spreads.0': [1], buy_spreads: [2] }), [
    'buy_spreads: is the same as buy_spreads.0, or a part of it',
  ])
  t.same(flawsOf({ 'a.0': [1], 'a[0]': [2] }), ['a[0]: is the same as a.0, or a part of it'])
  t.same(flawsOf({ 'a.b': [1], 'a.bc': [2], ab: [3] }), [])
  t.same(flawsOf({ b: [0], a: [1], 'a.b.c': [2] }), ['a.b.c: is the same as a, or a part of it'])
})

t.test('steps are the numbers somebody would write', async (t) => {
  const values = (asked: object) => parseSpace({ x: asked }).flatMap((each) => ('values' in each ? each.values : []))
  t.same(values({ min: 0.1, max: 0.5, step: 0.1 }), [0.1, 0.2, 0.3, 0.4, 0.5])
  t.same(values({ min: 5, max: 10, step: 3 }), [5, 8])
  t.same(values({ min: 0.001, max: 1, count: 4, scale: 'log' }), [0.001, 0.01, 0.1, 1])
  t.same(values({ min: -1, max: 1, count: 3 }), [-1, 0, 1])
  t.same(values({ min: 2, max: 2, step: 1 }), [2])
})

t.test('a place on a log scale is a place between the logarithms', async (t) => {
  const space = parseSpace({ x: { min: 0.01, max: 1, scale: 'log' }, y: { min: 1, max: 100, step: 1, scale: 'log' } })
  t.same(parametersAt(space, [0.5, 0.5]), { x: 0.1, y: 10 })
  t.same(parametersAt(space, [0, 1]), { x: 0.01, y: 100 })
})

t.test('combinations are counted', async (t) => {
  t.equal(combinations(parseSpace({ x: [1, 2, 3], y: ['a', 'b'], z: { min: 0, max: 1, step: 0.25 } })), 30)
  t.equal(combinations(parseSpace({ x: [1], y: { min: 0, max: 1 } })), Infinity)
})

const someSpace = fc
  .uniqueArray(
    fc.record({
      field: fc.stringMatching(/^[a-z]{1,6}$/),
      asked: fc.oneof(
        fc.uniqueArray(fc.oneof(fc.string(), fc.boolean(), fc.integer()), { minLength: 1, maxLength: 5 }),
        fc.uniqueArray(fc.integer(), { minLength: 1, maxLength: 5 }),
        fc
          .record({
            min: fc.double({ min: 1e-6, max: 1e6, noNaN: true }),
            width: fc.double({ min: 0, max: 1e6, noNaN: true }),
            scale: fc.constantFrom('linear', 'log'),
            steps: fc.constantFrom('none', 'step', 'count'),
          })
          .map(({ min, width, scale, steps }) => ({
            min,
            max: min + width,
            scale,
            ...(steps === 'step' ? { step: width / 7 + 1e-3 } : {}),
            ...(steps === 'count' ? { count: 6 } : {}),
          })),
      ),
    }),
    { selector: ({ field }) => field, minLength: 1, maxLength: 5 },
  )
  .map((fields) => Object.fromEntries(fields.map(({ field, asked }) => [field, asked])))

t.test('whatever is drawn lies in the space, and is found again at the place it came from', async (t) => {
  t.doesNotThrow(
    () =>
      fc.assert(
        fc.property(someSpace, fc.nat(), (asked, seed) => {
          const space = parseSpace(asked)
          const parameters = parametersAt(space, randomPoint(space, generatorOf(seed)))
          for (const dimension of space) {
            const value = parameters[dimension.field]
            if (dimension.kind === 'range') {
              if (!(Number(value) >= dimension.min && Number(value) <= dimension.max)) return false
            } else if (!dimension.values.some((each) => each === value)) return false
          }
          return JSON.stringify(parametersAt(space, pointOf(space, parameters))) === JSON.stringify(parameters)
        }),
      ),
    'for every space drawn',
  )
})

t.test(
  'parameters go into nested fields and into the elements of lists, whatever the list is written as',
  async (t) => {
    const config = {
      id: 'x',
      triple_barrier_config: { take_profit: 0.1, stop_loss: 0.2 },
      buy_spreads: '0.01, 0.02',
      sell_spreads: [0.03, 0.04],
    }
    const parameters = {
      'triple_barrier_config.take_profit': 0.5,
      'trailing_stop.activation_price': 0.7,
      'trailing_stop.trailing_delta': 0.1,
      'buy_spreads.1': 0.6,
      'sell_spreads[0]': 0.8,
    }
    t.same(withParameters(config, parameters), {
      config: {
        id: 'x',
        triple_barrier_config: { stop_loss: 0.2, take_profit: 0.5 },
        buy_spreads: '0.01,0.6',
        sell_spreads: [0.8, 0.04],
        trailing_stop: { activation_price: 0.7, trailing_delta: 0.1 },
      },
    })
    t.equal(config.buy_spreads, '0.01, 0.02', 'the configuration stays as it is')
    t.same(withParameters(config, { 'sell_spreads.2': 1 }), {
      field: 'sell_spreads.2',
      wrong: 'has 2 elements; the last is 1',
    })
    t.match(withParameters(config, { 'amounts.0': 1 }), { field: 'amounts.0', wrong: /give the list there/ })
    t.match(withParameters(config, { 'id.x': 1 }), { field: 'id.x', wrong: 'is no object in the configuration' })
  },
)

t.test('a name leads nowhere that is too deep to go', async (t) => {
  const deep = `${'a.'.repeat(20_000)}a`
  t.same(flawsOf({ [deep]: [1] }), [`${deep}: is no name of a field`])
  t.match(withParameters({}, { [deep]: 1 }), { wrong: 'is no name of a field' })
  t.match(withParameters({}, { [`${'a.'.repeat(99)}a`]: 1 }), { config: { a: { a: { a: {} } } } })
})

t.test('no name reaches what is not a field', async (t) => {
  const result = withParameters({}, { '__proto__.polluted': 1 })
  t.notOk('polluted' in {})
  t.ok('config' in result && Object.hasOwn(result.config, '__proto__'))
  t.notOk(hasField({ a: { b: [1, 2] } }, 'constructor'))
  t.notOk(hasField({ a: { b: [1, 2] } }, 'a.c'))
  t.ok(hasField({ a: { b: [1, null] } }, 'a.b.1'))
  t.ok(hasField({ trailing_stop: { activation_price: 1, trailing_delta: 2 } }, 'trailing_stop.0'))
  t.notOk(hasField({ a: 1 }, '0'))
})

t.test('whatever is asked for is either a space that can be searched, or refused', async (t) => {
  const number = fc.oneof(fc.integer({ min: -5, max: 5 }), fc.double({ noNaN: true, noDefaultInfinity: true }))
  const rough = fc.record(
    { min: number, max: number, step: number, count: number, scale: fc.constantFrom('linear', 'log', 'cubic') },
    { requiredKeys: [] },
  )
  t.doesNotThrow(
    () =>
      fc.assert(
        fc.property(
          fc.dictionary(fc.string(), fc.oneof(rough, fc.jsonValue()), { maxKeys: 4 }),
          fc.nat(),
          (asked, seed) => {
            let space: Space
            try {
              space = parseSpace(asked)
            } catch (error) {
              return error instanceof SearchRefused && error.flaws.length > 0
            }
            return (['random', 'bayesian'] as const).every((method) => {
              const search = searchOf({ space, method, trials: 12, seed, round: 5 }, 0)
              const tried: Parameters[] = []
              for (let first = 0; first < search.trials; first += 5) tried.push(...search.propose(first, tried))
              return tried.length <= search.trials && tried.length > 0
            })
          },
        ),
      ),
    'for everything drawn',
  )
})
