import { existsSync, readFileSync } from 'node:fs'
import { catalogue, connectorOf } from '@colibri/exchange'
import t from 'tap'
import { z } from 'zod'
import { configMap } from './config-map.ts'

/** The specification lies beside the repository where Colibri is developed. */
const file = new URL('../../../../../shared/spec/bots/connector-credential-fields.json', import.meta.url)
const skip = existsSync(file) ? false : 'the specification is not beside the repository'

const specification = z.object({
  connectors: z.record(
    z.string(),
    z.object({ fields: z.array(z.object({ field: z.string(), required: z.boolean(), type: z.string() })) }),
  ),
})

/** A Python annotation as the contract shows it: the bare name, unions in full. */
const shown = (annotation: string): { type: string | RegExp; allowed_values?: string[] } => {
  if (annotation === 'secret') return { type: 'SecretStr' }
  const [, outer = annotation, inner = ''] = /^(\w+)\[(.*)\]$/.exec(annotation) ?? []
  if (outer === 'Literal')
    return { type: 'Literal', allowed_values: inner.split(', ').map((word) => word.slice(1, -1)) }
  if (outer === 'Optional') return { type: inner }
  if (outer === 'Union') return { type: /^typing\.Union\[hummingbot\..+\]$/ }
  return { type: outer }
}

t.test('every connector shows exactly the fields and types of the specification', { skip }, async (t) => {
  const { connectors } = specification.parse(JSON.parse(readFileSync(file, 'utf8')))
  const own = ['simulator', 'simulator_perpetual']
  t.same([...Object.keys(connectors), ...own].sort(), catalogue.map(({ name }) => name).sort())
  for (const [name, { fields }] of Object.entries(connectors)) {
    const map = configMap(connectorOf(name))
    t.same(
      Object.keys(map),
      fields.map(({ field }) => field),
      `${name}: fields in order`,
    )
    for (const { field, required, type } of fields) {
      const wanted = shown(type)
      t.equal(map[field]?.required, required, `${name}.${field} required`)
      t.same(map[field]?.allowed_values, wanted.allowed_values, `${name}.${field} allowed values`)
      t.match(map[field]?.type, wanted.type, `${name}.${field} type`)
      if (typeof wanted.type === 'string') t.equal(map[field]?.type, wanted.type, `${name}.${field} type, exactly`)
    }
  }
})

t.test('a union is shown as the annotation in full', async (t) => {
  t.equal(
    configMap(connectorOf('injective_v2'))['account_type']?.type,
    'typing.Union[hummingbot.connector.exchange.injective_v2.injective_v2_utils.InjectiveDelegatedAccountMode, ' +
      'hummingbot.connector.exchange.injective_v2.injective_v2_utils.InjectiveReadOnlyAccountMode]',
  )
})
