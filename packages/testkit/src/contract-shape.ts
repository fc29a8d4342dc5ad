import { existsSync, readFileSync } from 'node:fs'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import { z } from 'zod'

/** The published contract, where a checkout has it beside it. */
const file = new URL('../../../../shared/contract/openapi.json', import.meta.url)

const openApi = z.object({ components: z.object({ schemas: z.record(z.string(), z.unknown()) }) })

const load = (): Ajv2020 | null => {
  if (!existsSync(file)) return null
  const document: unknown = JSON.parse(readFileSync(file, 'utf8'))
  openApi.parse(document)
  return new Ajv2020({
    strict: false,
    allErrors: true,
    schemas: [{ $id: 'contract', ...z.looseObject({}).parse(document) }],
  })
}

const ajv = load()

/** What is wrong with a 200 reply by the contract's schema; nothing when it fits or the contract is not at hand. */
export const contractProblems = (method: 'get' | 'post' | 'put', path: string, reply: unknown): readonly string[] => {
  if (ajv === null) return []
  const pointer = ['paths', path, method, 'responses', '200', 'content', 'application/json', 'schema']
    .map((part) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1')))
    .join('/')
  const validate: ValidateFunction | undefined = ajv.getSchema(`contract#/${pointer}`)
  if (validate === undefined) return [`the contract has no ${method} ${path}`]
  return validate(reply)
    ? []
    : (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath}: ${message}`)
}
