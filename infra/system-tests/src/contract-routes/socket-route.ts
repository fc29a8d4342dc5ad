import { once } from 'node:events'
import WebSocket from 'ws'
import { z } from 'zod'

const message = z.looseObject({ type: z.string() })

/** Opens a socket of market data, subscribes to a book and tells what was wrong with the answers. */
export const socketProblems = async (url: string, path: string): Promise<readonly string[]> => {
  const socket = new WebSocket(`${url.replace('http', 'ws')}${path}?username=admin&password=admin`)
  try {
    const messages = socketMessages(socket)
    const next = async (): Promise<z.infer<typeof message>> => {
      const { value } = await messages.next()
      return message.parse(JSON.parse(String(value)))
    }
    const connected = await next()
    socket.send(
      JSON.stringify({ action: 'subscribe', type: 'order_book', connector: 'simulator', trading_pair: 'BTC-USDT' }),
    )
    const subscribed = await next()
    const pushed = await next()
    return [
      ...(connected.type === 'connected' ? [] : [`first message ${connected.type}, not connected`]),
      ...(subscribed.type === 'subscribed' ? [] : [`answer ${JSON.stringify(subscribed)}, not subscribed`]),
      ...(pushed.type === 'order_book' ? [] : [`push ${pushed.type}, not order_book`]),
    ]
  } finally {
    socket.close()
    if (socket.readyState !== WebSocket.CLOSED) await once(socket, 'close')
  }
}

/** Messages in their order; rejects when the socket fails, ends when it closes. */
async function* socketMessages(socket: WebSocket): AsyncGenerator<string> {
  const queue: string[] = []
  let wake = Promise.withResolvers<void>()
  let ended: unknown
  socket.on('message', (data) => {
    queue.push(String(data))
    wake.resolve()
  })
  for (const event of ['close', 'error'] as const)
    socket.on(event, (reason) => {
      ended ??= reason instanceof Error ? reason : new Error('the socket was closed')
      wake.resolve()
    })
  for (;;) {
    const one = queue.shift()
    if (one !== undefined) yield one
    else if (ended !== undefined) throw ended
    else {
      await wake.promise
      wake = Promise.withResolvers<void>()
    }
  }
}
