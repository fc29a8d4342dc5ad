import { WebSocket } from 'ws'

/** What one client saw while it was measured. */
export interface Seen {
  /** Milliseconds from the sending of each message to its reading. */
  readonly ages: readonly number[]
  /** `<connector> <PAIR>` of its trades. */
  readonly feed: string
  /** Trades it got after the message numbered `from`, up to the one numbered `to`. */
  readonly trades: number
  readonly from: number
  readonly to: number
}

export interface LiveClient {
  startMeasuring(): void
  stopMeasuring(): Seen
  close(): void
}

const login = { authorization: `Basic ${Buffer.from('admin:admin').toString('base64')}` }

/** Resolves when every wish is granted. Reads as little of each message as will do: what it burns, the system lacks. */
export const openClient = (url: string, wishes: readonly object[]): Promise<LiveClient> =>
  new Promise((resolve, reject) => {
    const socket = new WebSocket(`${url.replace('http', 'ws')}/ws/market-data`, {
      headers: login,
      perMessageDeflate: false,
    })
    let granted = 0
    let ages: number[] | undefined
    let trades = { count: 0, first: 0, from: 0, to: 0 }
    let feed = ''

    const client: LiveClient = {
      startMeasuring: () => {
        ages = []
        trades = { count: 0, first: 0, from: 0, to: 0 }
      },
      stopMeasuring: () => {
        const seen = { ages: ages ?? [], feed, trades: trades.count - trades.first, from: trades.from, to: trades.to }
        ages = undefined
        return seen
      },
      close: () => socket.terminate(),
    }
    socket.once('error', reject)
    socket.once('open', () => {
      for (const wish of wishes) socket.send(JSON.stringify(wish))
    })
    socket.on('message', (data: Buffer) => {
      const now = Date.now()
      if (granted < wishes.length || ages === undefined) {
        const text = data.toString()
        if (text.startsWith('{"type":"error"')) reject(new Error(text))
        if (!text.startsWith('{"type":"subscribed"')) return
        granted++
        feed = /"trades_(simulator(?:_perpetual)?)_(.+?)"/.exec(text)?.slice(1).join(' ') ?? feed
        if (granted === wishes.length) resolve(client)
        return
      }
      const text = data.toString('latin1')
      ages.push(now - numberAfter(text, '"timestamp":') * 1_000)
      if (!text.startsWith('{"type":"trades"')) return
      const count = text.split('"side"').length - 1
      trades.count += count
      trades.to = numberAfter(text, '"sequence":')
      if (trades.from > 0) return
      trades.from = trades.to
      trades.first = count
    })
  })

/** The number after the last place of a name. */
const numberAfter = (text: string, name: string): number =>
  Number.parseFloat(text.slice(text.lastIndexOf(name) + name.length))
