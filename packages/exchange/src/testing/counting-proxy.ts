import { connect, createServer, type Socket } from 'node:net'

/** A door to a venue that counts who goes through, and can be shut. */
export interface CountingProxy {
  readonly port: number
  readonly open: number
  readonly made: number
  /** Lets connections in but passes nothing on, as a venue that has died standing. */
  freeze(): void
  thaw(): void
  close(): Promise<void>
}

export const startCountingProxy = async (targetPort: number): Promise<CountingProxy> => {
  const sockets = new Set<Socket>()
  let made = 0
  let open = 0
  let frozen = false
  const server = createServer((client) => {
    made += 1
    open += 1
    const target = connect(targetPort, '127.0.0.1')
    for (const socket of [client, target]) {
      sockets.add(socket)
      socket.on('error', () => socket.destroy())
    }
    client.on('data', (data) => frozen || target.write(data))
    target.on('data', (data) => frozen || client.write(data))
    client.on('close', () => {
      open -= 1
      sockets.delete(client)
      target.destroy()
    })
    target.on('close', () => {
      sockets.delete(target)
      client.destroy()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port')
  return {
    port: address.port,
    get open() {
      return open
    },
    get made() {
      return made
    },
    freeze() {
      frozen = true
    },
    thaw() {
      frozen = false
    },
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy()
        server.close(() => resolve())
      }),
  }
}
