import t from 'tap'
import { subjectOf } from './request-subject.ts'

const ask = (
  method: string,
  originalUrl: string,
  { params = {}, body = '' }: { params?: Record<string, string>; body?: string } = {},
) =>
  subjectOf({ method, originalUrl, params }, Buffer.from(body), async (id) => (id === 'known' ? 'of-order' : undefined))

t.test('a request belongs to the account it names, wherever it names it', async (t) => {
  const account = (accountName: string) => ({ kind: 'account', accountName })
  t.same(await ask('POST', '/trading/orders', { body: '{"account_name":"a","price":1e5}' }), account('a'))
  t.same(await ask('POST', '/trading/b/simulator/leverage', { params: { account_name: 'b' } }), account('b'))
  t.same(await ask('POST', '/accounts/delete-account?account_name=c%20d'), account('c d'))
  const params = { account_name: 'path' }
  t.same(await ask('POST', '/x?account_name=query', { params, body: '{"account_name":"body"}' }), account('path'))
  t.same(await ask('DELETE', '/trading/orders/known', { params: { client_order_id: 'known' } }), account('of-order'))
})

t.test('what names none is handled where it arrives, and so is what nobody can read', async (t) => {
  for (const body of ['', '{', '[]', 'null', '{"account_name":7}', '{"account_names":["a"]}']) {
    t.same(await ask('POST', '/trading/positions', { body }), { kind: 'none' }, body)
  }
  t.same(await ask('DELETE', '/trading/orders/x', { params: { client_order_id: 'x' } }), { kind: 'none' })
  const asked = subjectOf(
    { method: 'DELETE', originalUrl: '/trading/orders/%00', params: { client_order_id: '\0' } },
    Buffer.alloc(0),
    () => Promise.reject(new Error('a database was asked')),
  )
  t.same(await asked, { kind: 'none' })
  t.same(await ask('GET', '/trading/orders/known/events', { params: { client_order_id: 'known' } }), { kind: 'none' })
})

t.test('what concerns all accounts belongs to their keeper', async (t) => {
  for (const url of ['/guards/portfolio', '/guards/portfolio/halt', '/guards/portfolio?x=1']) {
    t.same(await ask('POST', url), { kind: 'keeper' }, url)
  }
  t.same(await ask('GET', '/guards/portfolios'), { kind: 'none' })
})
