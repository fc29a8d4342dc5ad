import t from 'tap'
import { routeTable, tableIn, withTable } from './status-table.ts'

const route = { method: 'GET', path: '/a', group: 'root', kind: 'canonical', canonicalOf: null } as const

t.test('results are a table with aligned columns', async (t) => {
  t.equal(
    routeTable([
      { route, status: 200, shape: 'contract', problems: [] },
      { route: { ...route, path: '/longer' }, status: 500, shape: 'page', problems: ['empty'] },
    ]),
    [
      '| route         | kind      | status | shape              |',
      '| ------------- | --------- | ------ | ------------------ |',
      '| `GET /a`      | canonical | 200    | fits (contract)    |',
      '| `GET /longer` | canonical | 500    | **differs (page)** |',
    ].join('\n'),
  )
})

t.test('a table is written between its markers, and nothing else changes', async (t) => {
  const page = 'before\n<!-- routes of market data: begin -->\nold\n<!-- routes of market data: end -->\nafter\n'
  const written = withTable(page, 'market data', '| new |')
  t.equal(tableIn(page, 'market data'), 'old')
  t.equal(tableIn(written, 'market data'), '| new |')
  t.ok(written.startsWith('before\n<!--') && written.endsWith('-->\nafter\n'))
  t.throws(() => withTable('no markers', 'market data', ''), /the page has no/)
  t.throws(() => withTable(page, 'something else', ''), /the page has no/)
})
