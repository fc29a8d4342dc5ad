import { existsSync, readFileSync } from 'node:fs'
import { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { decimal, dict, integer, list, literal, model, nullable, text } from '@colibri/contracts'
import type { Request } from 'express'
import t from 'tap'
import { z } from 'zod'
import { ApiError } from './api-error.ts'
import { readBody } from './request-body.ts'
import { parseSource, type Source } from './request-values.ts'

const file = fileURLToPath(new URL('../../../../shared/contract/recordings/http.jsonl', import.meta.url))

const recording = z.object({
  n: z.number(),
  request: z.object({
    method: z.string(),
    path: z.string(),
    body: z.unknown().optional(),
    raw: z.string().optional(),
    content_type: z.string().optional(),
  }),
  response: z.object({ status: z.number(), json: z.unknown().optional() }),
})
type Recording = z.infer<typeof recording>

const connector = { connector_name: text(), trading_pair: text() }
const limit = integer({ ge: 1, le: 1000 }).default(50)
/** As much of each route's schema as its recorded refusals need, in the order the contract has the fields. */
const routes: readonly (readonly [RegExp, Source, z.ZodType])[] = [
  [/^\/accounts\/add-credential\//, 'body', dict()],
  [/^\/accounts\/gateway\/add-wallet/, 'body', model({ chain: text(), private_key: text() })],
  [/^\/market-data\/candles/, 'body', model(connector)],
  [
    /^\/market-data\/historical-candles/,
    'body',
    model({ ...connector, interval: text().default('1m'), start_time: integer(), end_time: integer() }),
  ],
  [/^\/rate-oracle\/rates/, 'body', model({ trading_pairs: list(text()) })],
  [/^\/portfolio\/state/, 'body', model({ account_names: nullable(list(text())) })],
  [/^\/(portfolio\/history|trading\/orders\/search)/, 'body', model({ limit })],
  [
    /^\/trading\/orders$/,
    'body',
    model({
      account_name: text(),
      ...connector,
      trade_type: literal('BUY', 'SELL'),
      amount: decimal({ gt: 0 }),
      order_type: literal('LIMIT', 'MARKET', 'LIMIT_MAKER').default('LIMIT'),
      price: nullable(decimal()),
      position_action: literal('OPEN', 'CLOSE').default('OPEN'),
    }),
  ],
  [/^\/trading\/[^/]+\/[^/]+\/leverage/, 'body', model({ trading_pair: text(), leverage: integer() })],
  [/^\/(controllers|scripts)\/configs\//, 'body', dict()],
  [/^\/scripts\/[^/]+$/, 'body', model({ content: text() })],
  [/^\/bot-orchestration\/controller-performance-history/, 'query', model({ limit })],
  [
    /^\/bot-orchestration\/deploy-v2-controllers/,
    'body',
    model({ instance_name: text(), credentials_profile: text(), controllers_config: list(text()) }),
  ],
  [/^\/gateway\/logs/, 'query', model({ tail: integer().default(100) })],
  [/^\/gateway\/pools/, 'query', model({ connector_name: text(), network: text() })],
  [
    /^\/gateway\/swap\/quote/,
    'body',
    model({ connector: text(), network: text(), trading_pair: text(), side: text(), amount: decimal() }),
  ],
  [
    /^\/gateway\/clmm\/open/,
    'body',
    model({ connector: text(), network: text(), pool_address: text(), lower_price: decimal(), upper_price: decimal() }),
  ],
]

/** As much of a request as parsing looks at: its URL, headers and bytes. */
const requestOf = async ({ request }: Recording): Promise<Request> => {
  const bytes = request.raw ?? (request.body === undefined ? '' : JSON.stringify(request.body))
  const parts = {
    originalUrl: request.path,
    params: {},
    headers: request.content_type === undefined ? {} : { 'content-type': request.content_type },
  }
  const fake = Object.assign(Readable.from(bytes === '' ? [] : [Buffer.from(bytes)]), parts)

  const given: Request = Object.setPrototypeOf(fake, Readable.prototype)
  await new Promise<void>((resolve, reject) =>
    readBody(given, {} as never, (error?: unknown) => (error ? reject(error) : resolve())),
  )
  return given
}

const refusal = (request: Request, source: Source, schema: z.ZodType): unknown => {
  try {
    const parsed = parseSource(request, source, schema)
    return 'items' in parsed ? parsed.items : { accepted: parsed.value }
  } catch (error) {
    if (error instanceof ApiError) return error.detail
    throw error
  }
}

t.test(
  'refusals equal those recorded from the original',
  { skip: existsSync(file) ? false : 'recordings are not here' },
  async (t) => {
    const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean)
    const refused = lines
      .map((line) => recording.parse(JSON.parse(line)))
      .filter(({ response }) => response.status === 422)
    t.ok(refused.length > 20)
    for (const one of refused) {
      const path = one.request.path.split('?')[0] ?? ''
      const route = routes.find(([pattern]) => pattern.test(path))
      if (!route) {
        t.fail(`no schema for ${path}`)
        continue
      }
      const detail = refusal(await requestOf(one), route[1], route[2])
      t.same(
        JSON.parse(JSON.stringify({ detail })),
        one.response.json,
        `${one.n} ${one.request.method} ${one.request.path}`,
      )
    }
  },
)
