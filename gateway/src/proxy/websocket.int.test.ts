import t from 'tap'
import { WebSocket, WebSocketServer } from 'ws'
import { EDGE_TOKEN, edgeUnderTest } from '../testing/edge-under-test.ts'
import { basic } from '../testing/http.ts'
import { type Peer, startPeer } from '../testing/peer.ts'

interface Talk {
  readonly messages: string[]
  readonly end: string
}

/** What a client hears: every message, then how it ended. */
const listen = (url: string, options: { headers?: Record<string, string>; say?: string } = {}): Promise<Talk> =>
  new Promise((resolve) => {
    const socket = new WebSocket(url.replace('http', 'ws'), { headers: options.headers ?? {} })
    const messages: string[] = []
    let refused: string | undefined
    socket.on('open', () => {
      if (options.say !== undefined) socket.send(options.say)
    })
    socket.on('message', (data) => {
      messages.push(String(data))
      if (options.say !== undefined) socket.close(1000, 'done')
    })
    socket.on('unexpected-response', (_req, res) => {
      let body = ''
      res.on('data', (chunk) => {
        body += String(chunk)
      })
      res.on('end', () => {
        refused = `${res.statusCode} ${body}`
        resolve({ messages, end: refused })
      })
    })
    socket.on('error', () => {})
    socket.on('close', (code, reason) => {
      if (refused === undefined) resolve({ messages, end: `${code} ${String(reason)}` })
    })
  })

const echo = (peer: Peer): { seen: { url: string; headers: Record<string, unknown> }[] } => {
  const seen: { url: string; headers: Record<string, unknown> }[] = []
  new WebSocketServer({ server: peer.server }).on('connection', (socket, req) => {
    seen.push({ url: req.url ?? '', headers: req.headers })
    socket.on('message', (data) => socket.send(`echo ${String(data)}`))
  })
  return { seen }
}

t.test('sockets', async (t) => {
  const edge = await edgeUnderTest(t)
  const peer = await startPeer(t, edge.nats, 'market-data')
  const { seen } = echo(peer)
  await edge.ready('market-data', 1)
  const token = encodeURIComponent(Buffer.from('admin:admin').toString('base64'))
  const failed = {
    messages: ['{"type":"error","message":"Authentication failed"}'],
    end: '4001 Authentication failed',
  }

  t.test('without the right credentials: accepted, told, closed', async (t) => {
    const path = '/ws/market-data'
    t.same(await listen(edge.url + path), failed)
    t.same(await listen(`${edge.url}${path}?username=admin&password=bad`), failed)
    t.same(await listen(`${edge.url}${path}?token=zzz`), failed)
    t.same(await listen(edge.url + path, { headers: { authorization: basic('admin:bad') } }), failed)
    t.same(await listen(edge.url + path, { headers: { authorization: `basic ${token}` } }), failed, 'word misspelled')
    t.equal(seen.length, 0, 'no service was bothered')
  })
  t.test('every way to log in', async (t) => {
    const done = { messages: ['echo hi'], end: '1000 done' }
    const headers = { authorization: basic('admin:admin') }
    t.same(await listen(`${edge.url}/ws/market-data`, { headers, say: 'hi' }), done)
    t.same(await listen(`${edge.url}/ws/market-data/?token=${token}&x=1`, { say: 'hi' }), done)
    t.same(await listen(`${edge.url}/ws/market-data?username=admin&password=admin`, { say: 'hi' }), done)
    const bearer = { authorization: 'Bearer x' }
    t.same(await listen(`${edge.url}/market-data/stream?token=${token}`, { headers: bearer, say: 'hi' }), done)
    t.same(
      seen.map(({ url }) => url),
      ['/ws/market-data', '/ws/market-data?x=1', '/ws/market-data', '/ws/market-data'],
      'credentials stay at the edge',
    )
    t.equal(seen[0]?.headers['x-colibri-actor'], 'user:admin')
    t.equal(seen[0]?.headers['x-colibri-edge-token'], EDGE_TOKEN)
    t.equal(seen[0]?.headers.authorization, undefined)
  })
  t.test('unknown paths and foreign pages are refused', async (t) => {
    const headers = { authorization: basic('admin:admin') }
    t.equal((await listen(`${edge.url}/ws/nope`, { headers })).end, '403 {"detail":"Forbidden"}')
    const foreign = { ...headers, origin: 'https://evil.example' }
    t.equal((await listen(`${edge.url}/ws/market-data`, { headers: foreign })).end, '403 {"detail":"Forbidden"}')
    const local = { ...headers, origin: 'http://localhost:5173' }
    t.equal((await listen(`${edge.url}/ws/market-data`, { headers: local, say: 'hi' })).end, '1000 done')
  })
  t.test('a service that is away', async (t) => {
    const headers = { authorization: basic('admin:admin') }
    const { end } = await listen(`${edge.url}/ws/executors`, { headers })
    t.equal(end, `503 {"detail":"Service 'trading' is not available"}`)
    const dead = await startPeer(t, edge.nats, 'trading')
    await edge.ready('trading', 1)
    dead.fallSilent()
    await dead.stopListening()
    const refused = await listen(`${edge.url}/ws/executors`, { headers })
    t.equal(refused.end, `503 {"detail":"Service 'trading' is not available"}`)
  })
  t.test('an edge that stops ends its sockets', async (t) => {
    const headers = { authorization: basic('admin:admin') }
    const socket = new WebSocket(`${edge.url.replace('http', 'ws')}/ws/market-data`, { headers })
    await new Promise((resolve) => socket.on('open', resolve))
    const closed = new Promise((resolve) => socket.on('close', resolve))
    await edge.stop()
    t.equal(await closed, 1012)
  })
})
