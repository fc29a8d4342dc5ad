import { existsSync, readFileSync } from 'node:fs'
import t from 'tap'
import { z } from 'zod'
import { startColibri } from '../colibri.ts'
import { patient } from './patient-api.ts'
import { makeKey } from './prepare.ts'

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

const GROUPS =
  /^\/(connectors|market-data|rate-oracle|system|accounts(?!\/gateway)|backtesting(?!\/tasks\/[0-9a-f]{8}))\b/
/** Of these the refusals alone: what is not refused depends on what was there. */
const REFUSALS = /^\/(trading|portfolio)\b/
const compared = ({ request: { path, auth, body }, response }: Recording): boolean =>
  auth === 'ok' &&
  (GROUPS.test(path) || (REFUSALS.test(path) && response.status >= 400 && !isLost(body, response.json)))

/** A body that was no JSON is not in the recording. */
const isLost = (body: unknown, json: unknown): boolean =>
  body === undefined && JSON.stringify(json).includes('json_invalid')

/** Replies that are others on purpose: `docs/status.md` lists them. */
const ON_PURPOSE: readonly [what: RegExp, original: number, ours: number, detail: RegExp][] = [
  [/^GET \/connectors$/, 404, 200, /^$/],
  [/^GET \/connectors\/nope\/config-map$/, 500, 404, /^Connector 'nope' not found$/],
  [/"NO-PE"/, 500, 404, /^Trading pair 'NO-PE' not found on simulator$/],
  [/"nope"|\/nope$/, 500, 404, /^((Error [a-z ]+: )?)Connector nope not found$/],
  [/^POST \/market-data\/order-book\/(price|quote-volume)-for-/, 500, 200, /^$/],
  // The exchange that was recorded had no working streams.
  [/^POST \/market-data\/trading-pair\/add .*(BTC-USDT)/, 500, 200, /^$/],
  [/^GET \/accounts$/, 404, 200, /^$/],
  // What the venue said, without the address that was asked.
  [/^POST \/accounts\/add-credential\/acct_two\/binance .*"bad"/, 400, 400, /-2015/],
  [/^POST \/portfolio\/history .*"bad"/, 500, 422, /.*/],
  // Said at once, where the original answers 200 with an error or a task that fails.
  [/^POST \/backtesting\/\w+ .*"nope\.yml"/, 200, 404, /^Controller configuration 'nope' not found$/],
  [/^POST \/backtesting\/run .*"controller_name":"nope"/, 200, 404, /^Controller 'nope' of type/],
  [/^POST \/backtesting\/run .*"config":\{\}/, 200, 422, /.*/],
  [/^POST \/trading\/master_account\/nope\/orders/, 500, 404, /nope/],
  [/^POST \/trading\/orders .*"kucoin"/, 500, 400, /kucoin/],
  [
    /^POST \/trading\/orders .*"NO-PE"/,
    400,
    400,
    /^Trading pair 'NO-PE' not supported on simulator\. Available pairs: \[/,
  ],
  [/^POST \/trading\/orders .*1e-7/, 400, 400, /is below minimum order size .* for BTC-USDT$/],
]

/** The exchange that was recorded is the simulator here, but for what the catalogue alone answers. */
const here = (text: string): string => text.replaceAll('binance', 'simulator')

const detailOf = (body: unknown): unknown => z.object({ detail: z.unknown() }).safeParse(body).data?.detail ?? ''

t.test('what the original answered is answered here, or differs on purpose', { skip, timeout: 180_000 }, async (t) => {
  const recordings = readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line): Recording => recording.parse(JSON.parse(line)))
    .filter(compared)
  t.ok(recordings.length >= 80)
  const colibri = await startColibri()
  t.teardown(() => colibri.stop())
  const api = patient(colibri.api)
  await makeKey((await colibri.run()).urls.simulator ?? '', { apiKey: 'testkey', apiSecret: 'testsecret' })
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
