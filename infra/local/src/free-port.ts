import { createServer } from 'node:net'

/** Whether `port` can be bound on `host` right now. */
export const portIsFree = (port: number, host = '127.0.0.1'): Promise<boolean> =>
  bind(port, host).then(
    () => true,
    () => false,
  )

/** A loopback port nobody listens on. Another program may take it before it is used, so starters retry. */
export const freePort = (): Promise<number> => bind(0, '127.0.0.1')

const bind = (port: number, host: string): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer()
    server.unref()
    server.once('error', reject)
    server.listen({ port, host, exclusive: true }, () => {
      const address = server.address()
      server.close(() =>
        typeof address === 'object' && address !== null ? resolve(address.port) : reject(new Error('no port')),
      )
    })
  })
