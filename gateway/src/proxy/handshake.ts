import { createHash } from 'node:crypto'
import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'

const ACCEPT_GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'
const GOODBYE_MS = 2_000

/** Answers a websocket handshake with an HTTP status and ends the connection. */
export const refuseUpgrade = (
  socket: Socket,
  status: number,
  detail: string,
  headers: Readonly<Record<string, string>> = {},
): void => {
  const body = JSON.stringify({ detail })
  const lines = Object.entries({
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(body)),
    connection: 'close',
    ...headers,
  }).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines.join('')}\r\n${body}`)
}

/** An unmasked frame of at most 125 bytes. */
const frame = (opcode: 0x1 | 0x8, payload: Buffer): Buffer =>
  Buffer.concat([Buffer.from([0x80 | opcode, payload.length]), payload])

/** Accepts the handshake, says one message and closes: a client of the contract reads its refusal from the socket. */
export const acceptAndClose = (socket: Socket, key: string, message: unknown, code: number, reason: string): void => {
  const accept = createHash('sha1')
    .update(key + ACCEPT_GUID)
    .digest('base64')
  const head = `HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: ${accept}\r\n\r\n`
  const closing = Buffer.alloc(2 + Buffer.byteLength(reason))
  closing.writeUInt16BE(code)
  closing.write(reason, 2)
  socket.write(
    Buffer.concat([Buffer.from(head), frame(0x1, Buffer.from(JSON.stringify(message))), frame(0x8, closing)]),
  )
  socket.resume()
  socket.once('end', () => socket.end())
  const timer = setTimeout(() => socket.destroy(), GOODBYE_MS)
  socket.once('close', () => clearTimeout(timer))
}
