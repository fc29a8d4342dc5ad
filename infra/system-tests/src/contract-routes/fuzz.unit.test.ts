import t from 'tap'
import type { Api, Reply } from '../api.ts'
import { fuzz } from './fuzz.ts'
import { fuzzRequests } from './fuzz-requests.ts'
import { ownTargets, contractTargets as targets } from './targets.ts'

const answering = (answer: (method: string, path: string) => Partial<Reply> | Error): Api => {
  const send: Api['send'] = async (method, path) => {
    const reply = answer(method, path)
    if (reply instanceof Error) throw reply
    return { status: 404, body: { detail: 'nothing here' }, headers: new Headers(), ...reply }
  }
  return { send, get: (path) => send('GET', path, {}), post: (path) => send('POST', path, {}) }
}

const findings = async (answer: (method: string, path: string) => Partial<Reply> | Error): Promise<string[]> => {
  const report = await fuzz(answering(answer), { seed: 7, requests: 2 * targets.length, atOnce: 3, targets })
  t.equal(
    [...report.statuses.values()].reduce((sum, count) => sum + count, 0),
    2 * targets.length,
    'each request is counted',
  )
  return report.findings.map(({ what }) => what)
}

const shape = ({ number, route, path, body }: ReturnType<typeof fuzzRequests> extends Generator<infer R> ? R : never) =>
  `${number} ${route.method} ${path} ${body}`.replaceAll(/1[67]\d{8}/g, 'now')

t.test('the same seed asks the same, another seed does not', async (t) => {
  const asked = (seed: number): string[] => [...fuzzRequests(seed, 500, targets)].map(shape)
  t.same(asked(1), asked(1))
  t.notSame(asked(1), asked(2))
})

t.test('every route is asked, in turn', async (t) => {
  const routes = [...fuzzRequests(3, 2 * targets.length, targets)].map(({ route }) => `${route.method} ${route.path}`)
  t.equal(new Set(routes).size, targets.length)
})

t.test('what no client should see is found', async (t) => {
  t.same(await findings(() => ({})), [], 'a refusal with its reason is fine')
  t.match(
    await findings((_, path) => (path.startsWith('/system') ? { status: 500, body: { detail: 'Oops' } } : {})),
    ['500: {"detail":"Oops"}', '500: {"detail":"Oops"}'],
    'a failure',
  )
  t.match(await findings((_, path) => (path.startsWith('/system') ? { status: 400, body: {} } : {})), [
    /without a reason/,
    /without a reason/,
  ])
  t.match(await findings((_, path) => (path.startsWith('/system') ? { status: 200, body: { cpu: {} } } : {})), [
    /not the contract's shape: .*cpu/,
    /not the contract's shape/,
  ])
  t.match(await findings((_, path) => (path.startsWith('/system') ? new Error('socket hang up') : {})), [
    /no reply: Error: socket hang up/,
    /no reply/,
  ])
})

t.test('an edge tells of routes that the contract does not know', async (t) => {
  const parameters = [{ name: 'as_of', in: 'query', schema: { type: 'string' } }]
  const own = ownTargets({
    paths: {
      '/accounts': { get: {}, post: {} },
      '/trading/{a}/{b}/leverage': { post: {} },
      '/trading/orders/{id}/why': { get: { parameters } },
      '/guards/portfolio/halt': { post: {} },
    },
  })
  t.match(own, [
    { method: 'GET', path: '/trading/orders/{id}/why', kind: 'own', query: [['as_of', { type: 'string' }]] },
  ])
  t.equal(own.length, 1)
})
