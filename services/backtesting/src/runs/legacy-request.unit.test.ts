import { asParsed, validationItems } from '@colibri/contracts'
import t from 'tap'
import { legacyRequest, unnested } from './legacy-request.ts'

const settings = { start_time: 1, end_time: 2, backtesting_resolution: '5m', trade_cost: 0.001 }
const controller = { controller_name: 'bollinger_v1', controller_type: 'directional_trading', bb_length: 20 }
const flat = { ...settings, config: controller }

t.test('every older form is the one of today', async (t) => {
  t.same(unnested(flat), flat)
  t.same(unnested({ config: flat }), flat, 'a whole request under config')
  t.same(unnested({ config: { ...settings, ...controller } }), flat, 'settings beside the fields')
  t.same(unnested({ start_time: 7, config: { ...settings, ...controller } }), flat, 'the inner ones count')
  t.same(unnested({ config: { ...settings, config: 'stored' } }), { ...settings, config: 'stored' })
  t.same(unnested({ ...settings, config: 'stored' }), { ...settings, config: 'stored' })
})

t.test('what is none of them is left to be refused', async (t) => {
  for (const body of [null, 5, [], {}, { config: 5 }, { config: null }]) {
    t.same(unnested(body), body)
    t.notOk(legacyRequest.safeParse(body).success)
  }
  t.ok(legacyRequest.safeParse({ config: flat }).success)
})

t.test('a refusal shows what was sent, wherever it stood', async (t) => {
  const items = (body: unknown) => {
    const { error } = legacyRequest.safeParse(body)
    return error === undefined ? [] : validationItems(error, asParsed(legacyRequest, body))
  }
  for (const body of [{ ...flat, start_time: 'x' }, { config: { ...settings, ...controller, start_time: 'x' } }])
    t.match(items(body), [{ type: 'int_parsing', loc: ['start_time'], input: 'x' }])
  t.match(items({ config: { ...settings, config: { bb_std: Number.NaN } } }), [
    { type: 'finite_number', loc: ['config', 'bb_std'], input: Number.NaN },
  ])
  t.match(items({}), [{ type: 'missing', loc: ['config'], input: {} }])
})
