import { setTimeout as sleep } from 'node:timers/promises'
import type { Replica } from '@colibri/testkit'
import { WebSocket } from 'ws'
import { ask } from '../http-client.ts'
import type { ServedVenue } from './venues-thread.ts'

/** What the readers got: data of each subscription by its id, and answers by status. */
export interface Readings {
  readonly messages: ReadonlyMap<string, number>
  readonly answers: ReadonlyMap<number, number>
  readonly refusals: readonly string[]
  stop(): Promise<void>
}

const CLIENTS = 10
const PAUSE_MS = 200
const AGAIN_MS = 1_000

interface Wish {
  readonly type: 'order_book' | 'trades'
  readonly connector: string
  readonly trading_pair: string
  readonly update_interval: number
  readonly depth?: number
}

const idOf = ({ type, connector, trading_pair }: Wish): string => `${type}_${connector}_${trading_pair}`

/** Clients of the replica: every book is read over a websocket by one of them, the trades too, and one asks by REST. */
export const startReaders = (replica: Replica, venues: readonly ServedVenue[]): Readings => {
  const messages = new Map<string, number>()
  const answers = new Map<number, number>()
  const refusals: string[] = []
  const wishes = venues.flatMap(({ connectorName: connector, books, trades }): readonly Wish[] => [
    ...books.map((pair) => ({
      type: 'order_book' as const,
      connector,
      trading_pair: pair,
      update_interval: 0.5,
      depth: 50,
    })),
    ...trades.map((pair) => ({ type: 'trades' as const, connector, trading_pair: pair, update_interval: 1 })),
  ])
  const sockets = Array.from({ length: CLIENTS }, (_, client) => {
    const socket = new WebSocket(`${replica.url.replace('http', 'ws')}/ws/market-data`, {
      headers: replica.edgeHeaders,
      perMessageDeflate: false,
    })
    socket.on('error', (error) => refusals.push(error.message))
    const own = wishes.filter((_, at) => at % CLIENTS === client)
    const subscribe = (wanted: readonly object[]): void => {
      if (socket.readyState !== WebSocket.OPEN) return
      for (const wish of wanted) socket.send(JSON.stringify({ action: 'subscribe', ...wish }))
    }
    socket.on('open', () => subscribe(own))
    socket.on('message', (data: Buffer) => {
      // As little as will do: the readers share the machine.
      const text = data.toString('latin1', 0, 200)
      const id = /"subscription_id":"([^"]+)"/.exec(text)?.[1]
      if (text.startsWith('{"type":"error"')) {
        refusals.push(text)
        // A feed that was too slow to open; the message does not name its subscription.
        setTimeout(() => subscribe(own.filter((wish) => !messages.has(idOf(wish)))), AGAIN_MS).unref()
      } else if (id !== undefined) messages.set(id, (messages.get(id) ?? 0) + 1)
    })
    return socket
  })

  const stop = new AbortController()
  const headers = { ...replica.edgeHeaders, 'content-type': 'application/json' }
  const repeat = async (): Promise<void> => {
    for (let turn = 0; !stop.signal.aborted; turn++) {
      const { connectorName: connector_name, books } = venues[turn % venues.length] ?? { connectorName: '', books: [] }
      const trading_pair = books[turn % books.length] ?? ''
      const [path, body] =
        turn % 2 === 0
          ? ['order-book', { connector_name, trading_pair, depth: 200 }]
          : ['order-book/vwap-for-volume', { connector_name, trading_pair, volume: 10, is_buy: true }]
      const { status } = await ask(`${replica.url}/market-data/${path}`, headers, {
        method: 'POST',
        body: JSON.stringify(body),
      }).catch(() => ({ status: 0 }))
      answers.set(status, (answers.get(status) ?? 0) + 1)
      await sleep(PAUSE_MS, undefined, { signal: stop.signal }).catch(() => undefined)
    }
  }
  const repeating = repeat()
  return {
    messages,
    answers,
    refusals,
    stop: async () => {
      stop.abort()
      await repeating
      for (const socket of sockets) socket.terminate()
    },
  }
}
