import { once } from 'node:events'
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import type { Target } from '../contract-routes/targets.ts'
import { changes, treeOf } from './file-tree.ts'
import { nameParameters } from './name-parameters.ts'
import { payloads } from './payloads.ts'
import { traverse } from './traverse.ts'

const target: Target = {
  method: 'POST',
  path: '/accounts/{account_name}/x',
  group: 'accounts',
  kind: 'own',
  query: [
    ['name', { type: 'string' }],
    ['limit', { type: 'integer' }],
  ],
  body: {
    type: 'object',
    properties: {
      names: { anyOf: [{ type: 'array', items: { type: 'string' } }, { type: 'null' }] },
      amount: { type: 'number' },
    },
  },
  status: [200],
}
const outside = ['elsewhere/canary.yml']
const trap = { canary: 'canary-1', outside, links: ['linked'], sprung: async () => [], remove: async () => undefined }

t.test('five hundred payloads, each another one, every family, always the same', async (t) => {
  const made = payloads(500, outside, ['linked'])
  t.equal(made.length, 500)
  t.equal(new Set(made.map(({ text }) => text)).size, 500)
  t.same(made, payloads(500, outside, ['linked']))
  t.equal(new Set(made.map(({ family }) => family)).size, 36)
  t.same(
    made.filter(({ wire }) => !/^[!-~]+$/.test(wire)),
    [],
    'a request line can hold each',
  )
})

t.test('every text of a route is a parameter', async (t) => {
  t.same(
    nameParameters(target).map(({ in: place, name, many }) => [place, name, many]),
    [
      ['path', 'account_name', 'one'],
      ['query', 'name', 'one'],
      ['body', 'names', 'list'],
    ],
  )
})

t.test('a server that follows a path, or falls over one, is found', async (t) => {
  let answer: (path: string) => readonly [number, string] = () => [404, '{}']
  const server = createServer((request, response) => {
    request.resume()
    const [status, body] = answer(request.url ?? '')
    response.writeHead(status).end(body)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const { port } = server.address() as { port: number }
  const ask = () =>
    traverse(`http://127.0.0.1:${port}`, trap, {
      targets: [target],
      payloads: payloads(200, outside, ['linked']),
      each: 30,
      atOnce: 4,
    })
  const fine = await ask()
  t.same(fine.findings, [])
  t.equal(fine.requests, 200 + 2 * 30, 'what may become a path gets all of them')
  answer = (path) => (path.includes('%2e%2e%2f') ? [200, 'canary-1'] : [404, '{}'])
  t.ok((await ask()).findings.some((found) => /holds a canary/.test(found)))
  answer = (path) => (path.includes('%00') ? [500, 'oops'] : [404, '{}'])
  t.ok((await ask()).findings.some((found) => /: 500 oops/.test(found)))
})

t.test('whatever changes in a folder is seen, and links are not followed', async (t) => {
  const root = await mkdtemp(join(tmpdir(), 'tree-'))
  t.teardown(() => rm(root, { recursive: true }))
  await mkdir(join(root, 'a'))
  await mkdir(join(root, 'left'))
  await writeFile(join(root, 'a', 'file'), 'one')
  await symlink('/', join(root, 'link'))
  const before = await treeOf(root, ['left'])
  t.same([...before.keys()].sort(), ['a', 'a/file', 'link'])
  await writeFile(join(root, 'left', 'x'), '')
  t.same(changes(before, await treeOf(root, ['left'])), [])
  await writeFile(join(root, 'a', 'file'), 'two')
  await rename(join(root, 'link'), join(root, 'other'))
  t.match(changes(before, await treeOf(root, ['left'])).toSorted(), [
    /^a\/file: /,
    /^link: .* → absent/,
    /^other: absent/,
  ])
})
