import 'reflect-metadata'
import { once } from 'node:events'
import { testNats, testPostgres } from '@colibri/testkit'
import t from 'tap'
import { WebSocket } from 'ws'
import { serviceConfig, startService } from './index.ts'

const token = 'edge-token'

interface Ending {
  readonly code: number
  readonly reason: string
}

const ending = (socket: WebSocket): Promise<Ending> =>
  new Promise((resolve) => {
    socket.on('error', () => undefined)
    socket.once('close', (code, reason) => resolve({ code, reason: String(reason) }))
  })

/** Status and body of a handshake that is refused. */
const refusal = (url: string, headers: Record<string, string> = {}): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = new WebSocket(url, { headers })
    socket.on('error', () => undefined)
    socket.once('open', () => reject(new Error('the socket opened')))
    socket.once('unexpected-response', (_request, response) => {
      let body = ''
      response.on('data', (chunk) => (body += String(chunk)))
      response.on('end', () => resolve(`${response.statusCode} ${body}`))
    })
  })

t.test('sockets of a service', async (t) => {
  const [postgres, nats] = await Promise.all([testPostgres(t), testNats(t)])
  const service = await startService(
    {
      name: 'orchestration',
      config: serviceConfig(),
      start: () => ({
        sockets: [
          {
            path: '/ws/echo',
            open: (socket, context) => {
              socket.on('message', (data) => socket.send(`${context.actor} ${context.correlationId} ${String(data)}`))
            },
          },
        ],
      }),
    },
    {
      DATABASE_URL: postgres.url,
      NATS_URL: nats.url,
      NATS_USER: nats.options.user,
      NATS_PASSWORD: nats.options.pass,
      EDGE_TOKEN: token,
      COLIBRI_HOME: '.',
      LOG_LEVEL: 'fatal',
      DRAIN_SECONDS: '1',
    },
  )
  t.teardown(() => service.stop())
  const url = service.url.replace('http', 'ws')
  const headers = { 'x-colibri-edge-token': token, 'x-colibri-actor': 'user:admin', 'x-correlation-id': 'c-1' }
  const connect = async (): Promise<WebSocket> => {
    const socket = new WebSocket(`${url}/ws/echo?x=1`, { headers })
    await once(socket, 'open')
    return socket
  }

  t.test('only the edge comes in, and only where there is a socket', async (t) => {
    t.equal(await refusal(`${url}/ws/echo`), '401 {"detail":"Not authenticated"}')
    t.equal(
      await refusal(`${url}/ws/echo`, { ...headers, 'x-colibri-edge-token': 'guess' }),
      '401 {"detail":"Not authenticated"}',
    )
    t.equal(await refusal(`${url}/ws/other`, headers), '404 {"detail":"Not Found"}')
    t.equal((await fetch(`${service.url}/ws/echo`, { headers })).status, 404, 'a plain request is no handshake')
  })

  t.test('a socket knows who it is for', async (t) => {
    const socket = await connect()
    socket.send('hi')
    const [data] = await once(socket, 'message')
    t.equal(String(data), 'user:admin c-1 hi')
    socket.close()
    await ending(socket)
  })

  t.test('frames that are too big or broken close their socket and no other', async (t) => {
    const [one, other, third] = await Promise.all([connect(), connect(), connect()])
    one.send('x'.repeat(100_000))
    t.match(await ending(one), { code: 1009 })
    other.send(Buffer.from([0xff]), { binary: false })
    t.match(await ending(other), { code: 1007 })
    third.send('still here')
    const [data] = await once(third, 'message')
    t.match(String(data), /still here$/)
    third.terminate()
  })

  t.test('on the way down every socket is told, and none holds up the end', async (t) => {
    const [polite, deaf] = await Promise.all([connect(), connect()])
    deaf.pause()
    const goodbye = ending(polite)
    await service.stop()
    t.same(await goodbye, { code: 1012, reason: 'Service is restarting' })
    deaf.resume()
    t.same(await ending(deaf), { code: 1012, reason: 'Service is restarting' }, 'told, though it read too late')
  })
})
