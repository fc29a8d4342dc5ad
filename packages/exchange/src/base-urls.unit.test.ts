import t from 'tap'
import { originalUrl, withBaseUrls } from './base-urls.ts'

const tree = {
  public: 'https://api.venue.com/api/v3',
  fapi: 'https://fapi.venue.com/fapi/v1',
  templated: 'https://api.{hostname}',
  ws: { spot: 'wss://stream.venue.com:9443/ws', api: { spot: 'wss://ws-api.venue.com:443/ws-api/v3' } },
}
const urls = { rest: 'http://127.0.0.1:9000/', ws: 'ws://127.0.0.1:9001' }

t.test('every host is replaced and every path kept', async (t) => {
  t.same(withBaseUrls(tree, urls), {
    public: 'http://127.0.0.1:9000/api/v3',
    fapi: 'http://127.0.0.1:9000/fapi/v1',
    templated: 'http://127.0.0.1:9000',
    ws: { spot: 'ws://127.0.0.1:9001/ws', api: { spot: 'ws://127.0.0.1:9001/ws-api/v3' } },
  })
  t.same(withBaseUrls(tree, { ws: urls.ws }), {
    ...tree,
    ws: { spot: 'ws://127.0.0.1:9001/ws', api: { spot: 'ws://127.0.0.1:9001/ws-api/v3' } },
  })
  t.same(withBaseUrls(tree, {}), tree)
})

t.test('a request URL is known as the exchange’s own again', async (t) => {
  const original = originalUrl({ public: tree.public, fapi: tree.fapi }, urls)
  t.equal(original('http://127.0.0.1:9000/api/v3/order?x=1'), 'https://api.venue.com/api/v3/order?x=1')
  t.equal(original('http://127.0.0.1:9000/fapi/v1/order'), 'https://fapi.venue.com/fapi/v1/order')
  t.equal(original('https://elsewhere.com/'), 'https://elsewhere.com/')
})
