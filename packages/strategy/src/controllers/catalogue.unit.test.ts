import { readFileSync } from 'node:fs'
import t from 'tap'
import { z } from 'zod'
import { CONTROLLERS, findController } from './catalogue.ts'
import type { FieldMeta } from './fields.ts'
import { fieldsOf } from './fields.ts'
import { template } from './fields-template.ts'

const specification = new URL('../../../../../shared/spec/', import.meta.url)
const read = (path: string): unknown => JSON.parse(readFileSync(new URL(path, specification), 'utf8'))

const originals = z
  .record(
    z.string(),
    z.object({
      fields: z.array(
        z.object({
          name: z.string(),
          type: z.string(),
          default: z.string(),
          updatable: z.boolean(),
          prompt_on_new: z.boolean(),
          constraints: z.array(z.string()),
        }),
      ),
    }),
  )
  .parse(read('controllers/controller-fields.json'))

const templates = z
  .object({
    controllers: z.record(
      z.string(),
      z.object({ fields: z.record(z.string(), z.object({ type: z.string(), default: z.unknown() })) }),
    ),
  })
  .parse(read('bots/controller-templates.json')).controllers

/** What the issue asks for; the others of the original need a chain, a message broker or no orders at all. */
const ASKED = [
  'directional_trading.bollinger_v1',
  'directional_trading.bollinger_v2',
  'directional_trading.bollingrid',
  'directional_trading.dman_v3',
  'directional_trading.macd_bb_v1',
  'directional_trading.supertrend_v1',
  'generic.arbitrage_controller',
  'generic.grid_strike',
  'generic.hedge_asset',
  'generic.multi_grid_strike',
  'generic.pmm',
  'generic.pmm_adjusted',
  'generic.pmm_mister',
  'generic.pmm_v1',
  'generic.quantum_grid_allocator',
  'generic.stat_arb',
  'generic.xemm_multiple_levels',
  'market_making.dman_maker_v2',
  'market_making.pmm_dynamic',
  'market_making.pmm_simple',
]

/** What we have beyond them. */
const OURS = ['generic.examples.sma_cross']

/** Fields of which the original takes a zero and then breaks on it: a window of no rows, a scale of nothing. */
const POSITIVE = new Set([
  'bb_length',
  'length',
  'lookback_period',
  'macd_fast',
  'macd_signal',
  'macd_slow',
  'natr_length',
  'tolerance_scaling',
])

const boundsOf = ({ gt, ge, lt, le }: FieldMeta): string[] =>
  Object.entries({ Gt: { gt }, Ge: { ge }, Lt: { lt }, Le: { le } }).flatMap(([name, bound]) =>
    Object.entries(bound).flatMap(([key, value]) => (value === undefined ? [] : [`${name}(${key}=${value})`])),
  )

t.test('the catalogue holds every controller that is asked for, and finds it by type and name', async (t) => {
  t.strictSame(new Set(CONTROLLERS.map(({ type, name }) => `${type}.${name}`)), new Set([...ASKED, ...OURS]))
  t.equal(findController('generic', 'grid_strike')?.name, 'grid_strike')
  t.equal(findController('market_making', 'grid_strike'), undefined)
})

for (const controller of CONTROLLERS.filter(({ type, name }) => ASKED.includes(`${type}.${name}`))) {
  const { type, name, schema } = controller
  const fields = fieldsOf(schema) ?? {}

  t.test(`${name} has the original's fields, and no other`, async (t) => {
    const original = originals[`${type}.${name}`]?.fields ?? []
    t.strictSame(
      Object.entries(fields).map(([field, meta]) => ({
        name: field,
        type: meta.type,
        updatable: meta.updatable === true,
        prompt_on_new: meta.prompt === true,
        constraints: boundsOf(meta),
      })),
      original.map(({ default: _, ...field }) => ({
        ...field,
        constraints: POSITIVE.has(field.name) ? ['Gt(gt=0)'] : field.constraints,
      })),
    )
  })

  t.test(`${name} has the original's defaults, as its template shows them`, async (t) => {
    const original = templates[`${type}/${name}`]?.fields ?? {}
    t.strictSame(
      template(schema),
      Object.fromEntries(
        Object.entries(original).map(([field, { type, default: otherwise }]) => [
          field,
          { default: otherwise, type, required: false },
        ]),
      ),
    )
  })

  t.test(`${name} takes a configuration that only has an id, and the template's defaults as they are`, async (t) => {
    const config = schema.parse({ id: 'one' })
    t.equal(config.controller_name, name)
    t.equal(config.controller_type, type)
    const given = Object.entries(fields).filter(([, meta]) => meta.default !== undefined)
    t.strictSame(
      schema.parse({ id: 'one', ...Object.fromEntries(given.map(([f, meta]) => [f, meta.default])) }),
      config,
    )
    t.ok(controller.markets(config).length > 0)
    for (const { connector_name, trading_pair } of controller.markets(config))
      t.match({ connector_name, trading_pair }, { connector_name: /\w/, trading_pair: /^\w+-\w+$/ })
  })

  t.test(`${name} refuses what it does not know, by name`, async (t) => {
    const wrong = schema.safeParse({ leverag: 5, total_amount_quote: 'much' }).error?.issues ?? []
    t.strictSame(
      wrong.map(({ path, message }) => [path.join('.'), message]),
      [
        ['id', 'Field required'],
        ['total_amount_quote', 'Input should be a valid decimal'],
        ['leverag', 'Extra inputs are not permitted'],
      ],
    )
  })
}
