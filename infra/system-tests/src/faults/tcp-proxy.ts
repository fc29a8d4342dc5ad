import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/** What a connection through the proxy meets. */
export type Weather =
  | { readonly kind: 'open' }
  /** Nothing passes either way, and nobody is told; what was on its way arrives afterwards. */
  | { readonly kind: 'silent' }
  /** Requests arrive, replies do not: half of every connection is open. */
  | { readonly kind: 'deaf' }
  /** Every connection is reset, new ones too. */
  | { readonly kind: 'reset' }
  | { readonly kind: 'latency'; readonly ms: number }
  | { readonly kind: 'bandwidth'; readonly bytesPerSecond: number }

export interface TcpProxy {
  readonly port: number
  weather(weather: Weather): void
  close(): Promise<void>
}

type Direction = 'request' | 'reply'

const holdsBack = (weather: Weather, direction: Direction): boolean =>
  weather.kind === 'silent' || (weather.kind === 'deaf' && direction === 'reply')

/** A TCP proxy on loopback between a service and one port, asked for at each connection; its weather is made by hand. */
export const startTcpProxy = async (target: () => number): Promise<TcpProxy> => {
  let weather: Weather = { kind: 'open' }
  let changed = Promise.withResolvers<void>()
  const sockets = new Set<Socket>()

  const passage = async (direction: Direction, bytes: number, arrived: number): Promise<void> => {
    while (holdsBack(weather, direction)) await changed.promise
    if (weather.kind === 'latency') await elapsed(arrived + weather.ms - Date.now())
    if (weather.kind === 'bandwidth') await elapsed((bytes * 1000) / weather.bytesPerSecond)
  }

  /** In order, and without waiting for one chunk's journey before the next is read. */
  const pump = async (from: Socket, to: Socket, direction: Direction): Promise<void> => {
    let sent: Promise<void> = Promise.resolve()
    for await (const chunk of from as AsyncIterable<Buffer>) {
      const arrived = Date.now()
      sent = sent.then(async () => {
        await passage(direction, chunk.length, arrived)
        if (!to.destroyed) to.write(chunk)
      })
    }
    await sent
    to.end()
  }

  const server = createServer({ allowHalfOpen: true }, (client) => {
    if (weather.kind === 'reset') {
      client.on('error', () => undefined)
      client.resetAndDestroy()
      return
    }
    const upstream = connect({ port: target(), host: '127.0.0.1', allowHalfOpen: true })
    const cut = (): void => {
      client.destroy()
      upstream.destroy()
    }
    for (const socket of [client, upstream]) {
      socket.setNoDelay(true)
      sockets.add(socket)
      socket.on('error', cut)
      socket.on('close', () => sockets.delete(socket))
    }
    pump(client, upstream, 'request').catch(cut)
    pump(upstream, client, 'reply').catch(cut)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port')

  return {
    port: address.port,
    weather: (next) => {
      weather = next
      changed.resolve()
      changed = Promise.withResolvers()
      if (next.kind === 'reset') for (const socket of sockets) socket.resetAndDestroy()
    },
    close: async () => {
      weather = { kind: 'open' }
      changed.resolve()
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

const elapsed = (ms: number): Promise<void> =>
  ms <= 0 ? Promise.resolve() : new Promise((resolve) => setTimeout(resolve, ms))
