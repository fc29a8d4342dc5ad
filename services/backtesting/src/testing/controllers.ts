/** A user's controller as the text of its file; `decide` is what it does on each row, `n` counts them. */
export const ownController = (name: string, decide: string, before = ''): string => `
import { type Controller, controllerConfig, decimal, field, GENERIC, optional } from '@colibri/strategy'

${before}
interface Config { readonly id: string }

export const own = {
  name: '${name}',
  type: 'generic',
  schema: controllerConfig('${name}', GENERIC, { size: field(decimal, '1'), least: field(optional(decimal), null, { gt: 0 }) }),
  markets: () => [{ connector_name: 'binance_perpetual', trading_pair: 'BTC-USDT' }],
  start: () => {
    let n = 0
    return (world: unknown) => {
      n += 1
      ${decide}
      return []
    }
  },
}
`
