import { once } from 'node:events'
import { createServer, connect as dial, type Socket } from 'node:net'

/** Stands between services and an exchange, hides where it is, and counts websockets and what is subscribed on them. */
export interface UpstreamTap {
  readonly port: number
  /** Websockets open now that have a subscription. */
  sockets(): number
  /** How many open websockets are subscribed to a stream; streams are named as the venue does. */
  subscribed(stream: string): number
  /** From now on the exchange is at this port. */
  moveTo(port: number): void
}

interface Test {
  teardown(clean: () => Promise<void>): void
}

export const upstreamTap = async (t: Test, port: number): Promise<UpstreamTap> => {
  let target = port
  const open = new Map<Socket, Set<string>>()
  const all = new Set<Socket>()
  const server = createServer((client) => {
    const venue = dial(target, '127.0.0.1')
    all.add(client)
    let head = ''
    let frames: Buffer | undefined
    client.on('data', (chunk: Buffer) => {
      if (frames !== undefined) frames = readFrames(Buffer.concat([frames, chunk]), open.get(client) ?? new Set())
      else if (head !== 'plain') {
        head += chunk.toString('latin1')
        const end = head.indexOf('\r\n\r\n')
        if (end < 0) return
        if (/^upgrade: websocket/im.test(head)) {
          open.set(client, new Set())
          frames = Buffer.from(head.slice(end + 4), 'latin1')
        }
        head = 'plain'
      }
    })
    const end = (): void => {
      open.delete(client)
      all.delete(client)
      client.destroy()
      venue.destroy()
    }
    for (const socket of [client, venue]) {
      socket.on('error', end)
      socket.on('close', end)
    }
    client.pipe(venue)
    venue.pipe(client)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(async () => {
    for (const socket of all) socket.destroy()
    server.close()
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the tap has no port')
  return {
    port: address.port,
    sockets: () => [...open.values()].filter((streams) => streams.size > 0).length,
    subscribed: (stream) => [...open.values()].filter((streams) => streams.has(stream)).length,
    moveTo: (next) => {
      target = next
    },
  }
}

/** Takes whole frames of a client (always masked) off the front and returns the rest. */
const readFrames = (bytes: Buffer, streams: Set<string>): Buffer => {
  let rest = bytes
  while (rest.length >= 6) {
    const short = (rest[1] ?? 0) & 0x7f
    const header = short === 126 ? 4 : 2
    if (short === 127 || rest.length < header + 4) return rest
    const length = short === 126 ? rest.readUInt16BE(2) : short
    const end = header + 4 + length
    if (rest.length < end) return rest
    const mask = rest.subarray(header, header + 4)
    const text = Buffer.from(rest.subarray(header + 4, end).map((byte, index) => byte ^ (mask[index % 4] ?? 0)))
    if (((rest[0] ?? 0) & 0x0f) === 1) note(text.toString(), streams)
    rest = rest.subarray(end)
  }
  return rest
}

const note = (text: string, streams: Set<string>): void => {
  const message: unknown = JSON.parse(text)
  if (typeof message !== 'object' || message === null || !('method' in message) || !('params' in message)) return
  const names = Array.isArray(message.params) ? message.params.filter((name) => typeof name === 'string') : []
  for (const name of names) {
    if (message.method === 'SUBSCRIBE') streams.add(name)
    if (message.method === 'UNSUBSCRIBE') streams.delete(name)
  }
}
