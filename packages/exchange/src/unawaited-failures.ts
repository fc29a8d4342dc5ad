import type { CcxtExchange } from './ccxt-exchange.ts'

/**
 * ccxt makes some promises of a stream ahead, for whoever may come to wait; when nobody came and the stream fails (a key
 * was revoked, the connection was cut while it logged in), the process would end of an error nobody handles. Who waits is
 * told all the same.
 */
export const bearUnawaitedFailures = (exchange: CcxtExchange): void => {
  const seen = new WeakSet<object>()
  const clientOf = exchange.client.bind(exchange)
  exchange.client = (url) => {
    const client = clientOf(url)
    if (seen.has(client)) return client
    seen.add(client)
    const futureOf = client.future.bind(client)
    client.future = (messageHash) => {
      const future = futureOf(messageHash)
      future.catch(() => undefined)
      return future
    }
    return client
  }
}
