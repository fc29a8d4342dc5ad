import type { ServiceKit } from '@colibri/service-kit'
import type { TradingConfig } from './config.ts'
import type { RequestCause } from './orders/order-streams.ts'

/** The request at hand, as the cause of what it stores. */
export const requestCause = (kit: Pick<ServiceKit<TradingConfig>, 'context'>) => (): RequestCause => {
  const { requestId, correlationId, actor, address } = kit.context()
  return { actor, correlationId, causationId: requestId, ...(address === undefined ? {} : { address }) }
}
