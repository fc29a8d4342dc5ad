import { existsSync, readFileSync } from 'node:fs'
import t from 'tap'
import { z } from 'zod'
import { startColibri } from '../colibri.ts'
import { patient } from './patient-api.ts'

/** Recordings of the original server, beside a checkout that has them. */
const file = new URL('../../../../../shared/contract/recordings/http.jsonl', import.meta.url)
const skip = existsSync(file) ? false : 'no recordings beside this checkout'

const recording = z.object({
  n: z.number(),
  request: z.object({
    method: z.string(),
    path: z.string(),
    auth: z.enum(['none', 'ok', 'bad']),
    content_type: z.string().optional(),
    body: z.unknown().optional(),
  }),
  response: z.object({ status: z.number(), json: z.unknown().optional() }),
})
type Recording = z.infer<typeof recording>

const GROUPS = /^\/(connectors|market-data|rate-oracle|system)\b/

/** Replies that are others on purpose: `docs/status.md` lists them. */
const ON_PURPOSE: readonly [what: RegExp, original: number, ours: number, detail: RegExp][] = [
  [/^GET \/connectors$/, 404, 200, /^$/],
  [/^GET \/connectors\/nope\/config-map$/, 500, 404, /^Connector 'nope' not found$/],
  [/"NO-PE"/, 500, 404, /^Trading pair 'NO-PE' not found on simulator$/],
  [/"nope"|\/nope$/, 500, 404, /^((Error [a-z ]+: )?)Connector nope not found$/],
  [/^POST \/market-data\/order-book\/(price|quote-volume)-for-/, 500, 200, /^$/],
  // The exchange that was recorded had no working streams.
  [/^POST \/market-data\/trading-pair\/add .*(BTC-USDT)/, 500, 200, /^$/],
]

/** The exchange that was recorded is the simulator here, but for what the catalogue alone answers. */
const here = (text: string): string => text.replaceAll('binance', 'simulator')

const detailOf = (body: unknown): unknown => z.object({ detail: z.unknown() }).safeParse(body).data?.detail ?? ''

t.test('what the original answered is answered here, or differs on purpose', { skip, timeout: 180_000 }, async (t) => {
  const recordings = readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line): Recording => recording.parse(JSON.parse(line)))
    .filter(({ request }) => GROUPS.test(request.path) && request.auth === 'ok')
  t.ok(recordings.length >= 50)
  const colibri = await startColibri()
  t.teardown(() => colibri.stop())
  const api = patient(colibri.api)
  for (const { n, request, response } of recordings) {
    const { method, path, body: sent, content_type: contentType = 'application/json' } = request
    const adapted = /config-map|order-types/.test(path) ? (text: string) => text : here
    const body = typeof sent === 'string' ? sent : JSON.stringify(sent)
    const reply = await api.send(method, adapted(path), {
      ...(body === undefined ? {} : { body: adapted(body), headers: { 'content-type': contentType } }),
    })
    const what = `${method} ${path}${body === undefined ? '' : ` ${body}`}`
    const detail = detailOf(reply.body)
    const other = ON_PURPOSE.find(([pattern, original]) => pattern.test(what) && original === response.status)
    if (other === undefined) {
      t.equal(reply.status, response.status, `#${n} ${what}`)
      const said = JSON.stringify(detailOf(response.json))
      // The list of rate sources is longer here.
      if (!said.includes('Available sources')) t.same(JSON.stringify(detail), adapted(said), `#${n} says the same`)
    } else {
      const [, , status, text] = other
      t.equal(reply.status, status, `#${n} ${what}: on purpose`)
      t.match(detail, text, `#${n} says why`)
    }
  }
})
