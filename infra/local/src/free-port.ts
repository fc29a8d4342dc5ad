import { createConnection, createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** Whether `port` can be bound on `host` right now. */
export const portIsFree = (port: number, host = '127.0.0.1'): Promise<boolean> =>
  bind(port, host).then(
    () => true,
    () => false,
  )

/** A loopback port nobody listens on at this moment, and none of those that are spoken for. */
export const freePort = async (spokenFor: readonly number[] = []): Promise<number> => {
  for (;;) {
    const port = await bind(0, '127.0.0.1')
    if (!spokenFor.includes(port)) return port
  }
}

/** Whether something accepts connections on a loopback port. */
export const isListening = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = createConnection({ port, host: '127.0.0.1' })
    const answer = (listening: boolean) => {
      socket.destroy()
      resolve(listening)
    }
    socket.once('connect', () => answer(true))
    socket.once('error', () => answer(false))
    socket.setTimeout(1_000, () => answer(false))
  })

/** Resolves once something accepts connections on a loopback port, or `signal` aborts. */
export const listens = async (port: number, signal: AbortSignal): Promise<void> => {
  while (!signal.aborted && !(await isListening(port))) {
    await sleep(20, null, { signal }).catch(() => undefined)
  }
}

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
