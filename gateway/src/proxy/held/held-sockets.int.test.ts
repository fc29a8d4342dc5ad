import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import { openSocket, socketClient } from '@colibri/testkit'
import t, { type Test } from 'tap'
import { WebSocket, WebSocketServer } from 'ws'
import { edgeUnderTest } from '../../testing/edge-under-test.ts'
import { until } from '../../testing/http.ts'
import { startPeer } from '../../testing/peer.ts'

interface Said {
  readonly text: string
  readonly isBinary: boolean
}

/** An edge and one or more replicas in the hand of the test. */
const world = async (t: Test) => {
  const edge = await edgeUnderTest(t)
  /** `delayMs` says how late it answers its handshakes, by their number from 1 on. */
  const replica = async (ready: number, delayMs = (_handshake: number) => 0) => {
    const peer = await startPeer(t, edge.nats, 'market-data')
    const sockets: WebSocket[] = []
    const said: Said[] = []
    const handshakes = { asked: 0, underWay: 0, most: 0 }
    const connections: Duplex[] = []
    t.teardown(() => {
      for (const connection of connections) connection.destroy()
    })
    const accepts = new WebSocketServer({ noServer: true, maxPayload: 64 * 1024 })
    peer.server.on('upgrade', (request, connection, head) => {
      connections.push(connection)
      handshakes.asked += 1
      handshakes.underWay += 1
      handshakes.most = Math.max(handshakes.most, handshakes.underWay)
      const answer = setTimeout(() => {
        accepts.handleUpgrade(request, connection, head, (socket) => {
          handshakes.underWay -= 1
          sockets.push(socket)
          socket.on('error', () => undefined)
          socket.on('message', (data, isBinary) => said.push({ text: String(data), isBinary }))
          socket.send('{"type":"connected","connection_id":"x","timestamp":1}')
        })
      }, delayMs(handshakes.asked))
      connection.once('close', () => clearTimeout(answer))
    })
    await edge.ready('market-data', ready)
    return { peer, sockets, said, handshakes }
  }
  const client = async () => {
    const one = await openSocket(`${edge.url}/ws/market-data`)
    t.teardown(() => one.socket.terminate())
    await one.hear(({ type }) => type === 'connected')
    return one
  }
  return { edge, replica, client }
}
const subscribed = '{"type":"subscribed","subscription_id":"ticker_c_A-B"}'
const ticker = (sequence: number) =>
  `{"type":"ticker","subscription_id":"ticker_c_A-B","data":{},"timestamp":1,"sequence":${sequence}}`
const wish = { action: 'subscribe', type: 'ticker', connector: 'c', trading_pair: 'A-B' }

t.test('frames, pings and closes pass as they came', async (t) => {
  const { replica, client } = await world(t)
  const { sockets, said } = await replica(1)
  const one = await client()
  one.socket.send(Buffer.from([1, 2, 255]))
  one.say('no JSON')
  await until('both are heard', () => said.length === 2)
  t.same(
    said.map(({ isBinary }) => isBinary),
    [true, false],
  )
  const alive = once(sockets[0] as WebSocket, 'pong')
  sockets[0]?.ping('there?')
  t.equal(String((await alive)[0]), 'there?', 'answered by the client')
  const answer = once(one.socket, 'pong')
  one.socket.ping('you?')
  t.equal(String((await answer)[0]), 'you?')
  one.socket.removeAllListeners('message')
  const binary = once(one.socket, 'message')
  sockets[0]?.send(Buffer.from([7]))
  t.same(await binary.then(([data, isBinary]) => [data, isBinary]), [Buffer.from([7]), true])
  sockets[0]?.close(4008, 'too slow')
  t.same(await one.closed, { code: 4008, reason: 'too slow' })
  const two = await client()
  const left = once(sockets[1] as WebSocket, 'close')
  two.socket.close(3001, 'done')
  t.same(await left.then(([code, reason]) => [code, String(reason)]), [3001, 'done'])
  const three = await client()
  three.say('x'.repeat(64 * 1024))
  await until('what is small enough passes', () => said.length === 3)
  three.say('x'.repeat(64 * 1024 + 1))
  t.match(await three.closed, { code: 1009 })
})

t.test('what a replica did not answer, the next one is asked', async (t) => {
  const { edge, replica, client } = await world(t)
  const first = await replica(1)
  const one = await client()
  one.say(wish)
  await until('it is asked', () => first.said.length === 1)
  first.sockets[0]?.send(subscribed)
  first.sockets[0]?.send(ticker(5))
  await one.hear(({ type }) => type === 'ticker')
  one.say({ action: 'unsubscribe', subscription_id: 'nothing' })
  await until('it is asked again', () => first.said.length === 2)
  const second = await replica(2)
  first.peer.announce('draining')
  await edge.ready('market-data', 1)
  first.sockets[0]?.close(1012, 'Service is restarting')
  await until('the other one is asked', () => second.said.length === 2)
  t.same(
    second.said.map(({ text }) => JSON.parse(text)),
    [
      { ...wish, resume_from: 5 },
      { action: 'unsubscribe', subscription_id: 'nothing' },
    ],
  )
  second.sockets[0]?.send('{"type":"error","message":"Subscription not found: nothing"}')
  second.sockets[0]?.send(subscribed)
  second.sockets[0]?.send(ticker(5))
  second.sockets[0]?.send(ticker(6))
  await one.hear(({ sequence }) => sequence === 6)
  t.same(
    one.heard.map(({ type, sequence }) => sequence ?? type),
    ['connected', 'subscribed', 5, 'error', 6],
  )
})

t.test('a client that has no replica for long', { timeout: 60_000 }, async (t) => {
  const { edge, replica, client } = await world(t)
  const { peer, sockets, said } = await replica(1)
  const [patient, talker, late] = [await client(), await client(), await client()]
  peer.announce('draining')
  await edge.ready('market-data', 0)
  for (const socket of sockets) socket.terminate()
  let goodbye: object | undefined
  talker.closed.then((closed) => {
    goodbye = closed
  }, t.error)
  // What the edge hears before it has seen its replica go is lost with it.
  await until('one that does not stop talking is sent away', () => {
    for (let count = 0; goodbye === undefined && count < 250; count++) talker.say({ action: 'ping' })
    return goodbye !== undefined
  })
  t.match(goodbye, { code: 1013, reason: /^Too much was said/ })
  late.say({ action: 'ping' })
  late.socket.close(1000)
  t.match(await late.closed, { code: 1000 })
  t.equal(patient.socket.readyState, WebSocket.OPEN)
  t.match(await patient.closed, { code: 1013, reason: 'No replica is ready to take over: try again later' })
  t.same(said, [])
})

t.test('a replica that is slow to answer is asked again when there is no other', async (t) => {
  const { replica, client } = await world(t)
  const { handshakes } = await replica(1, (handshake) => (handshake === 1 ? 60_000 : 0))
  await client()
  t.equal(handshakes.asked, 2)
})

t.test('who comes when no replica is ready waits for one', async (t) => {
  const { edge, replica } = await world(t)
  const { opened, socket } = socketClient(`${edge.url}/ws/market-data`)
  t.teardown(() => socket.terminate())
  await replica(1)
  await opened
})

t.test('a replica that never answers', { timeout: 60_000 }, async (t) => {
  const { edge, replica } = await world(t)
  await replica(1, () => 60_000)
  const { opened } = socketClient(`${edge.url}/ws/market-data`)
  await t.rejects(opened, { message: /^the socket closed: 1006/ }, 'is not waited for for ever')
})

t.test('all the clients of a dead replica', { timeout: 60_000 }, async (t) => {
  const { edge, replica, client } = await world(t)
  const first = await replica(1)
  const clients = await Promise.all(Array.from({ length: 200 }, client))
  t.ok(first.handshakes.most <= 16, 'come to a replica a few at a time')
  const mute = await replica(2, () => 60_000)
  const [second, third] = [await replica(3, () => 5), await replica(4, () => 5)]
  first.peer.announce('draining')
  await edge.ready('market-data', 3)
  for (const socket of first.sockets) socket.terminate()
  await until('all have come', () => second.sockets.length + third.sockets.length === clients.length)
  t.ok(second.handshakes.most <= 16)
  t.ok(Math.abs(second.sockets.length - third.sockets.length) <= 60, 'evenly')
  t.equal(mute.handshakes.asked, 16, 'who waits behind those that get no answer goes elsewhere')
  for (const { socket } of clients) t.equal(socket.readyState, WebSocket.OPEN)
})

t.test('an edge that stops says so to clients that read and to those that do not', async (t) => {
  const { edge, replica, client } = await world(t)
  await replica(1)
  const [one, deaf] = [await client(), await client()]
  deaf.socket.pause()
  await edge.stop()
  deaf.socket.resume()
  for (const { closed } of [one, deaf]) t.same(await closed, { code: 1012, reason: 'Service is restarting' })
})
