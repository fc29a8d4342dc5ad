import t from 'tap'
import { api } from '../api.ts'
import { startColibri } from '../colibri.ts'
import { hidingPlaces, hits } from '../secrets/hiding-places.ts'
import { plantSecrets } from '../secrets/plant.ts'
import { payloads } from '../traversal/payloads.ts'
import { setTrap } from '../traversal/trap.ts'
import { traverse } from '../traversal/traverse.ts'
import { fuzz, PATIENCE_MS } from './fuzz.ts'
import { openTargets } from './open-targets.ts'
import { patient } from './patient-api.ts'

/** `npm run fuzz` sends more of everything. */
const REQUESTS = 2_500
const PAYLOADS = 500
const PAYLOADS_EACH = 12

t.test('whatever is sent, no route fails, leaves its root or tells a secret', { timeout: 600_000 }, async (t) => {
  const password = 'clbconfigpassword0a1b2c3d4e5f'
  const colibri = await startColibri({ env: { CONFIG_PASSWORD: password } })
  t.teardown(() => colibri.stop())
  let output = ''
  for (const stream of [colibri.launcher.stdout, colibri.launcher.stderr])
    stream?.on('data', (chunk) => {
      output += chunk
    })
  const asked = patient(api(colibri.url, PATIENCE_MS))
  const simulator = (await colibri.run()).urls.simulator ?? ''
  const { words, replies, surprises } = await plantSecrets(asked, simulator)
  t.same(surprises, [], 'keys were taken and refused as they had to be')
  const targets = await openTargets(asked, simulator)

  await t.test('requests by chance', async (t) => {
    const seed = Math.floor(Math.random() * 2 ** 31)
    t.comment(`seed ${seed}, ${targets.length} routes`)
    const { statuses, findings } = await fuzz(asked, { seed, requests: REQUESTS, atOnce: 8, targets })
    t.comment(`replies by status ${JSON.stringify(Object.fromEntries(statuses))}, ${asked.repeated()} asked again`)
    t.same(findings, [], `seed ${seed}`)
    t.ok((statuses.get(200) ?? 0) > REQUESTS / 6, 'many of the requests were good ones')
    t.ok((statuses.get(201) ?? 0) > 0, 'orders were placed')
    t.ok((statuses.get(422) ?? 0) > REQUESTS / 20, 'and many were not')
  })

  await t.test('names that lead elsewhere', async (t) => {
    const trap = await setTrap(colibri.home)
    t.teardown(() => trap.remove())
    const { parameters, requests, statuses, findings } = await traverse(colibri.url, trap, {
      targets,
      payloads: payloads(PAYLOADS, trap.outside, trap.links),
      each: PAYLOADS_EACH,
      atOnce: 8,
    })
    t.comment(`${parameters} parameters, ${requests} requests, ${JSON.stringify(Object.fromEntries(statuses))}`)
    t.same(findings.slice(0, 20), [], 'nothing failed, and nothing from outside was shown')
    t.same(await trap.sprung(), [], 'nothing outside was changed')
  })

  await t.test('keys that were given to it are nowhere', async (t) => {
    t.same(
      replies.flatMap((reply) => hits({ name: 'reply', content: reply }, words)),
      [],
      'replies',
    )
    t.same(hits({ name: 'output', content: output }, [...words, password]), [], 'what the launcher says')
    let looked = 0
    const found: string[] = []
    for await (const place of hidingPlaces(colibri)) {
      looked += 1
      found.push(...hits(place, words))
      // The password comes in by the environment, to the launcher and to trading alone.
      if (!place.name.startsWith('environ')) found.push(...hits(place, [password]))
      else if (/services\/(?!trading)|gateway|simulator|nats-server|postgres/.test(place.name))
        found.push(...hits(place, [password]))
    }
    t.comment(`${looked} places`)
    t.same(found, [], 'files, tables, events, metrics and processes')
    t.ok(looked > 500, 'many places were looked at')
  })
})
