import { placeOrderResponse } from '@colibri/contracts'
import type { TradingProcess } from '../test-bed.ts'

export interface Traded {
  readonly placed: readonly string[]
  /** Orders whose cancel was taken. */
  readonly cancelled: readonly string[]
  /** What was refused, with its reason. */
  readonly refusals: readonly string[]
}

/** Traders who place orders one after the other, filled and resting ones, and cancel some of the latter, until told to finish. */
export const tradeWhile = (
  trading: TradingProcess,
  {
    accountName,
    connectorName,
    traders,
  }: { readonly accountName: string; readonly connectorName: string; readonly traders: number },
): { finish(): Promise<Traded> } => {
  const placed: string[] = []
  const cancelled: string[] = []
  const refusals: string[] = []
  let going = true

  const one = async (n: number): Promise<void> => {
    const resting = n % 3 === 0
    const { status, body } = await trading.post('/trading/orders', {
      account_name: accountName,
      connector_name: connectorName,
      trading_pair: 'BTC-USDT',
      trade_type: resting || n % 2 === 0 ? 'BUY' : 'SELL',
      amount: resting ? '0.01' : '0.001',
      ...(resting ? { order_type: 'LIMIT', price: '1000' } : { order_type: 'MARKET' }),
    })
    if (status !== 201) {
      refusals.push(`order: ${status} ${JSON.stringify(body)}`)
      return
    }
    const { order_id: id } = placeOrderResponse.parse(body)
    placed.push(id)
    if (n % 6 !== 0) return
    const cancel = await trading.post(`/trading/${accountName}/${connectorName}/orders/${id}/cancel`)
    if (cancel.status === 200) cancelled.push(id)
    else refusals.push(`cancel: ${cancel.status} ${JSON.stringify(cancel.body)}`)
  }

  const trader = async (first: number): Promise<void> => {
    for (let n = first; going; n += traders) await one(n)
  }
  const working = Promise.all(Array.from({ length: traders }, (_, first) => trader(first)))
  // Reported by `finish`.
  working.catch(() => undefined)

  return {
    async finish() {
      going = false
      await working
      return { placed, cancelled, refusals }
    },
  }
}
