import t from 'tap'
import { api } from '../api.ts'
import { startColibri } from '../colibri.ts'
import { fuzz, PATIENCE_MS } from './fuzz.ts'
import { patient } from './patient-api.ts'

/** `npm run fuzz -- --requests 10000` sends more of them. */
const REQUESTS = 1_500

t.test('no request makes a route of market data fail', { timeout: 300_000 }, async (t) => {
  const colibri = await startColibri()
  t.teardown(() => colibri.stop())
  const seed = Math.floor(Math.random() * 2 ** 31)
  t.comment(`seed ${seed}`)
  const asked = patient(api(colibri.url, PATIENCE_MS))
  const { statuses, findings } = await fuzz(asked, {
    seed,
    requests: REQUESTS,
    atOnce: 8,
  })
  t.comment(`replies by status ${JSON.stringify(Object.fromEntries(statuses))}, ${asked.repeated()} asked again`)
  t.same(findings, [], `seed ${seed}`)
  t.ok((statuses.get(200) ?? 0) > REQUESTS / 5, 'many of the requests were good ones')
  t.ok((statuses.get(422) ?? 0) > REQUESTS / 20, 'and many were not')
})
