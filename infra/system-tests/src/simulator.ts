import type { Ledger } from './agreement.ts'

/** The exchange's own account of what happened. */
export const readLedger = async (simulatorUrl: string): Promise<Ledger> => {
  const response = await fetch(`${simulatorUrl}/control/ledger`)
  return (await response.json()) as Ledger
}

/** Makes the exchange misbehave by rule, until the rule is used up. */
export const injectFault = async (simulatorUrl: string, fault: object): Promise<void> => {
  const response = await fetch(`${simulatorUrl}/control/faults`, {
    method: 'POST',
    body: JSON.stringify(fault),
    headers: { 'content-type': 'application/json' },
  })
  if (!response.ok) throw new Error(`fault refused: ${await response.text()}`)
}

/** How many websocket connections listen to each public stream, `<market> <stream>`. */
export const listenersByStream = async (simulatorUrl: string): Promise<ReadonlyMap<string, number>> => {
  const response = await fetch(`${simulatorUrl}/control/websockets`)
  const connections = (await response.json()) as readonly { market: string; streams: readonly string[] }[]
  const counts = new Map<string, number>()
  for (const { market, streams } of connections) {
    for (const stream of streams) counts.set(`${market} ${stream}`, (counts.get(`${market} ${stream}`) ?? 0) + 1)
  }
  return counts
}

/** Ends every fault that was injected. */
export const clearFaults = async (simulatorUrl: string): Promise<void> => {
  await fetch(`${simulatorUrl}/control/faults`, { method: 'DELETE' })
}

/** The market goes to a price, where so much is traded with what rests there. */
export const moveMarket = async (
  simulatorUrl: string,
  { symbol, market }: { readonly symbol: string; readonly market: 'spot' | 'futures' },
  price: string,
  quantity: string,
): Promise<void> => {
  const response = await fetch(`${simulatorUrl}/control/price`, {
    method: 'POST',
    body: JSON.stringify({ mode: 'jump', symbol, market, price, quantity }),
    headers: { 'content-type': 'application/json' },
  })
  if (!response.ok) throw new Error(`the market was not moved: ${await response.text()}`)
}
